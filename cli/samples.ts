import { at, stringAt } from '../src/api/json.ts'
import { parseTime } from '../src/environment/time.ts'

/** Example headers and body of a sender, for a test post. */
export interface Sample {
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** The image that a registry's sample reports as pushed. */
export interface Pushed {
  readonly image: string
  readonly tag: string
}

/**
 * Returns the image that a hook waits for, and a tag that the hook accepts. If the hook waits for
 * no image, returns an example. The tag for a range or a pattern is a guess, and the post shows
 * whether it was right.
 */
export const pushedFor = (redeploy: unknown): Pushed => {
  const tags = at(redeploy, 'tags')
  const exact: unknown = at(tags, 'exact')
  const first: unknown = Array.isArray(exact) ? exact[0] : undefined
  const [version] = /\d+(?:\.\d+){0,2}/.exec(stringAt(tags, 'semver') ?? '') ?? []
  const tag =
    (typeof first === 'string' ? first : undefined) ??
    stringAt(tags, 'glob')?.replaceAll(/[*?]/g, '1') ??
    (version === undefined ? 'latest' : [...version.split('.'), '0', '0'].slice(0, 3).join('.'))
  return { image: stringAt(redeploy, 'image') ?? 'acme/web', tag }
}

/**
 * Returns a repository as Docker Hub names it: without the host, and with `library/` if it has no
 * owner.
 */
const onDockerHub = (image: string): string => {
  const [first = '', ...rest] = image.split('/')
  const name = /[.:]/.test(first) && rest.length > 0 ? rest.join('/') : image
  return name.includes('/') ? name : `library/${name}`
}

/**
 * A sample for each sender that people may want to try. `now` is an RFC 3339 time. `unique` makes
 * each sample a new delivery.
 */
export const sampleBodies: Readonly<Record<string, (now: string, unique: string, pushed: Pushed) => Sample>> = {
  alertmanager: (now, unique) => ({
    headers: {},
    body: {
      version: '4',
      groupKey: `{}:{alertname="Sample-${unique}"}`,
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'sample',
      groupLabels: { alertname: `Sample-${unique}` },
      commonLabels: { alertname: `Sample-${unique}` },
      commonAnnotations: { summary: 'A sample of kubectl receiverhook' },
      externalURL: 'http://alertmanager.example.com',
      notification_reason: 'first notification',
      alerts: [
        {
          status: 'firing',
          labels: { alertname: `Sample-${unique}` },
          annotations: {},
          startsAt: now,
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: unique.padEnd(16, '0').slice(0, 16),
        },
      ],
    },
  }),
  grafana: (now, unique) => ({
    headers: {},
    body: {
      receiver: 'sample',
      status: 'firing',
      orgId: 1,
      version: '1',
      groupKey: `{}:{alertname="Sample-${unique}"}`,
      truncatedAlerts: 0,
      state: 'alerting',
      title: 'Sample',
      groupLabels: { alertname: `Sample-${unique}` },
      commonLabels: { alertname: `Sample-${unique}` },
      commonAnnotations: {},
      externalURL: 'http://grafana.example.com/',
      alerts: [
        {
          status: 'firing',
          labels: { alertname: `Sample-${unique}` },
          annotations: {},
          startsAt: now,
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: unique.padEnd(16, '0').slice(0, 16),
        },
      ],
    },
  }),
  'docker-hub': (now, _unique, { image, tag }) => ({
    headers: {},
    body: {
      push_data: { tag, pusher: 'sample', pushed_at: Math.floor(parseTime(now) / 1000) },
      callback_url: 'https://registry.hub.docker.com/',
      repository: {
        repo_name: onDockerHub(image),
        namespace: onDockerHub(image).split('/', 1)[0],
        name: image.split('/').at(-1),
      },
    },
  }),
  image: (_now, _unique, { image, tag }) => ({ headers: {}, body: { image: `${image}:${tag}` } }),
}

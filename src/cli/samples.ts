import { parseTime } from '../environment/time.ts'

/** What a sender posts, for trials: the headers that it is known by, and a body of now. */
export interface Sample {
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const digest = `sha256:${'0'.repeat(64)}`

/** A post of each sender that somebody is likely to try a hook with. `now` is in milliseconds since the epoch. */
export const samples: Readonly<Record<string, (now: string, unique: string) => Sample>> = {
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
  'docker-hub': now => ({
    headers: {},
    body: {
      push_data: { tag: 'latest', pusher: 'sample', pushed_at: Math.floor(parseTime(now) / 1000) },
      callback_url: 'https://registry.hub.docker.com/',
      repository: { repo_name: 'acme/web', namespace: 'acme', name: 'web' },
    },
  }),
  image: () => ({ headers: {}, body: { image: `ghcr.io/acme/web:1.0.0@${digest}` } }),
}

import { describe, expect, it } from 'vitest'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { hooks } from '../../src/kube/resources.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { listAt } from '../deploy/manifests.ts'
import { cluster, post, product, untilDone, type Cluster, type Posted } from '../support/product.ts'

const types = {
  Deployment: { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
  StatefulSet: { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' },
  DaemonSet: { group: 'apps', version: 'v1', resource: 'daemonsets', kind: 'DaemonSet' },
  CronJob: { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' },
} as const satisfies Record<string, ResourceType>
type Kind = keyof typeof types

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`

/** Returns a workload of a kind with these containers, each of an image; those whose name begins with `init` are init containers. */
const workload = (kind: Kind, name: string, images: Readonly<Record<string, string>>, labels = {}): object => {
  const containers = Object.entries(images).map(([name, image]) => ({ name, image }))
  const isInit = ({ name }: { readonly name: string }): boolean => name.startsWith('init')
  const initContainers = containers.filter(isInit)
  const spec = {
    containers: containers.filter(container => !isInit(container)),
    ...(initContainers.length > 0 && { initContainers }),
    ...(kind === 'CronJob' && { restartPolicy: 'Never' }),
  }
  const template = { metadata: { labels: { app: name } }, spec }
  const type = types[kind]
  return {
    apiVersion: `${type.group}/${type.version}`,
    kind,
    metadata: { name, labels },
    spec:
      kind === 'CronJob'
        ? { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } }
        : { selector: { matchLabels: { app: name } }, template, ...(kind === 'StatefulSet' && { serviceName: name }) },
  }
}

const start = async () => {
  const here = await cluster()
  const running = await product(here)
  const make = (
    kind: Kind,
    name: string,
    images: Readonly<Record<string, string>>,
    labels = {},
  ): Promise<StoredObject> =>
    send(here.api, {
      method: 'POST',
      path: collectionPath(types[kind], here.namespace),
      body: JSON.stringify(workload(kind, name, images, labels)),
    })
  const get = async (kind: Kind, name: string): Promise<StoredObject> => {
    const object = await read(here.api, types[kind], here.namespace, name)
    if (!object) throw new Error(`there is no ${kind}/${name}`)
    return object
  }
  return {
    ...here,
    ...running,
    make,
    get,
    images: async (kind: Kind, name: string) => imagesIn(await get(kind, name)),
    hook: (spec: object, more: object = {}, name = 'web-push') => makeHook(here, name, spec, more),
  }
}

const makeHook = async (here: Cluster, name: string, redeploy: object, more: object): Promise<Push> => {
  const object = { apiVersion, kind: hookKind, metadata: { name }, spec: { driver: 'redeploy', redeploy, ...more } }
  await create(here.api, hooks, here.namespace, object)
  const url = await here.url(name)
  return (image, options = {}) => {
    const body = typeof image === 'string' ? { image } : image
    return post(`${url}${options.dryRun ? '?dryRun=true' : ''}`, body, {
      headers: {
        'content-type': 'application/json',
        ...(options.id !== undefined && { 'idempotency-key': options.id }),
      },
    })
  }
}

type Push = (image: string | object, options?: { readonly dryRun?: boolean; readonly id?: string }) => Promise<Posted>

/** Returns the images of a workload's containers by their names, and the annotations of its pods' template. */
const imagesIn = (
  object: StoredObject,
): { readonly images: object; readonly annotations: object; readonly policies: object } => {
  const template = at(object, 'spec', 'template') ?? at(object, 'spec', 'jobTemplate', 'spec', 'template')
  const containers = ['containers', 'initContainers'].flatMap(member => listAt(template, 'spec', member))
  const annotations = at(template, 'metadata', 'annotations')
  const by = (member: string): object =>
    Object.fromEntries(containers.map(container => [stringAt(container, 'name') ?? '', at(container, member)]))
  return {
    images: by('image'),
    policies: by('imagePullPolicy'),
    annotations: { ...(isObject(annotations) && annotations) },
  }
}

/** Returns what an answer says, in short. */
const said = ({ body, status }: Posted): string =>
  `${status} ${stringAt(body, 'outcome') ?? '-'} ${String(body['reason'])}`

describe('an image that was pushed', () => {
  it('is rolled out where it runs, in every kind and every container of it, and nowhere else', async () => {
    const { hook, images, make } = await start()
    await make('Deployment', 'web', { app: 'ghcr.io/acme/web:1.4.1', proxy: 'envoy:1', init: 'ghcr.io/acme/web:1.4.1' })
    await make('StatefulSet', 'db', { one: 'ghcr.io/acme/web:1.4.1', two: 'ghcr.io/acme/web:1.4.0' })
    await make('DaemonSet', 'agent', { agent: 'ghcr.io/acme/web:latest' })
    await make('CronJob', 'report', { report: 'ghcr.io/acme/web:1.4.1' })
    await make('Deployment', 'other', { app: 'ghcr.io/acme/other:1.4.1' })
    const push = await hook({ selector: {}, image: 'ghcr.io/acme/web', tags: { semver: '~1.4' } })
    const answer = await push(`ghcr.io/acme/web:1.4.2@${digest('f')}`)
    expect(said(answer)).toBe('200 applied RolledOut')
    expect(answer.body['summary']).toBe('rolled out ghcr.io/acme/web:1.4.2 in 4 workloads')
    expect(answer.body['changes']).toHaveLength(6)
    expect((await images('Deployment', 'web')).images).toEqual({
      app: 'ghcr.io/acme/web:1.4.2',
      init: 'ghcr.io/acme/web:1.4.2',
      proxy: 'envoy:1',
    })
    expect((await images('StatefulSet', 'db')).images).toEqual({
      one: 'ghcr.io/acme/web:1.4.2',
      two: 'ghcr.io/acme/web:1.4.2',
    })
    expect((await images('DaemonSet', 'agent')).images).toEqual({ agent: 'ghcr.io/acme/web:1.4.2' })
    expect((await images('CronJob', 'report')).images).toEqual({ report: 'ghcr.io/acme/web:1.4.2' })
    expect((await images('Deployment', 'other')).images).toEqual({ app: 'ghcr.io/acme/other:1.4.1' })
    expect(said(await push(`ghcr.io/acme/web:1.4.2@${digest('f')}`, { id: 'again' }))).toBe('200 unchanged UpToDate')
    expect(said(await push(`ghcr.io/acme/web:1.4.2@${digest('e')}`))).toBe('200 applied RolledOut')
    // What a node has of this tag is another image now.
    expect((await images('CronJob', 'report')).policies).toEqual({ report: 'Always' })
  })

  it('of a lower version, or pushed earlier, is never brought back', async () => {
    const { hook, images, make } = await start()
    await make('Deployment', 'web', { app: 'ghcr.io/acme/web:v1.4.10' })
    await make('Deployment', 'hub', { app: 'acme/web:main-2' })
    const semver = await hook({ target: { name: 'web' }, tags: { semver: '1.x' } })
    expect(said(await semver('ghcr.io/acme/web:1.4.9'))).toBe('200 skipped Superseded')
    expect(said(await semver('ghcr.io/acme/web:1.5.0-rc.1'))).toBe('200 skipped NotForThisHook')
    expect(said(await semver('ghcr.io/acme/web:2.0.0'))).toBe('200 skipped NotForThisHook')
    const glob = await hook({ target: { name: 'hub' }, tags: { glob: 'main-*' } }, {}, 'hub-push')
    const pushed = (tag: string, at: number) => ({
      push_data: { tag, pushed_at: at },
      repository: { repo_name: 'acme/web' },
    })
    const now = Math.floor(Date.now() / 1000)
    expect(said(await glob(pushed('main-4', now - 10)))).toBe('200 applied RolledOut')
    expect(said(await glob(pushed('main-3', now - 60)))).toBe('200 skipped Superseded')
    expect((await images('Deployment', 'hub')).images).toEqual({ app: 'acme/web:main-4' })
    // A date in the future does not outdate what is pushed afterwards.
    expect(said(await glob(pushed('main-5', now + 864_000)))).toBe('200 applied RolledOut')
    expect(said(await glob(pushed('main-6', Math.floor(Date.now() / 1000) + 2)))).toBe('200 applied RolledOut')
  })

  it('under the tag that runs already starts new pods, which pull it; the same digest again does not', async () => {
    const { get, hook, images, make } = await start()
    await make('Deployment', 'web', { app: 'ghcr.io/acme/web:stable' })
    const push = await hook({ target: { name: 'web' } })
    expect(said(await push(`ghcr.io/acme/web:stable@${digest('a')}`))).toBe('200 applied RolledOut')
    expect(await images('Deployment', 'web')).toEqual({
      images: { app: 'ghcr.io/acme/web:stable' },
      policies: { app: 'Always' },
      annotations: { 'pushed.receiverhooks.dev/app': digest('a') },
    })
    const { metadata } = await get('Deployment', 'web')
    expect(said(await push(`ghcr.io/acme/web:stable@${digest('a')}`, { id: 'again' }))).toBe('200 unchanged UpToDate')
    expect((await get('Deployment', 'web')).metadata.resourceVersion).toBe(metadata.resourceVersion)
    expect(said(await push(`ghcr.io/acme/web:stable@${digest('b')}`))).toBe('200 applied RolledOut')
    expect(said(await push('ghcr.io/acme/web:stable', { id: 'without a digest' }))).toBe('200 applied RolledOut')
    expect(said(await push('ghcr.io/acme/web:stable', { id: 'without a digest' }))).toBe('200 skipped Duplicate')
    expect(said(await push('ghcr.io/acme/web:other'))).toBe('200 skipped NotForThisHook')
  })

  it('can be pinned by its digest, and known under the name of a mirror', async () => {
    const { hook, images, make } = await start()
    await make('Deployment', 'web', { app: 'mirror.internal:5000/acme/web:1' })
    const push = await hook({
      target: { name: 'web' },
      image: 'mirror.internal:5000/acme/web',
      pushedAs: ['ghcr.io/acme/web'],
      tags: { exact: ['2', '3'] },
      pin: 'digest',
    })
    expect(said(await push(`ghcr.io/acme/web:2@${digest('c')}`))).toBe('200 applied RolledOut')
    expect((await images('Deployment', 'web')).images).toEqual({
      app: `mirror.internal:5000/acme/web:2@${digest('c')}`,
    })
    expect(said(await push('ghcr.io/acme/web:4'))).toBe('200 skipped NotForThisHook')
    expect(said(await push('docker.io/acme/web:3'))).toBe('200 skipped NotForThisHook')
  })

  it('changes nothing on a dry run, which says what would be', async () => {
    const { get, hook, make } = await start()
    await make('Deployment', 'web', { app: 'web:1' })
    const push = await hook({ target: { name: 'web' }, tags: { exact: ['2'] } })
    const before = await get('Deployment', 'web')
    const answer = await push('web:2', { dryRun: true, id: 'once' })
    expect(said(answer)).toBe('200 applied RolledOut')
    expect(answer.body['message']).toBe('would have rolled out Deployment/web: app from web:1 to web:2')
    expect((await get('Deployment', 'web')).metadata.resourceVersion).toBe(before.metadata.resourceVersion)
    expect(said(await push('web:2', { id: 'once' }))).toBe('200 applied RolledOut')
  })

  it('leaves what somebody else has changed meanwhile as it is', async () => {
    const { api, hook, images, make, namespace } = await start()
    await make('Deployment', 'web', { app: 'web:1' })
    const push = await hook({ target: { name: 'web' }, tags: { glob: '*' } })
    const edits = Array.from({ length: 20 }, (_, index) =>
      send(api, {
        method: 'PATCH',
        path: objectPath(types.Deployment, namespace, 'web'),
        contentType: 'application/merge-patch+json',
        body: JSON.stringify({ metadata: { labels: { [`edit-${index}`]: 'x' } }, spec: { replicas: index } }),
      }),
    )
    const pushes = Array.from({ length: 5 }, (_, index) => untilDone(() => push(`web:t${index}`)))
    const answers = await Promise.all(pushes)
    await Promise.all(edits)
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const after = await read(api, types.Deployment, namespace, 'web')
    expect(Object.keys(after?.metadata.labels ?? {})).toHaveLength(20)
    expect(Object.values((await images('Deployment', 'web')).images)[0]).toMatch(/^web:t\d$/)
  })
})

describe('a notification of many tags', () => {
  const tagged = (count: number) => ({
    docker_url: 'quay.io/acme/web',
    updated_tags: Array.from({ length: count }, (_, index) => `${'t'.repeat(100)}${index}`),
  })

  it('that the hook does not want is answered with the first of them', async () => {
    const { hook, make } = await start()
    await make('Deployment', 'web', { app: 'quay.io/acme/web:1' })
    const push = await hook({ selector: {}, image: 'quay.io/acme/web', tags: { semver: '1.x' } })
    const answer = await push(tagged(200))
    expect(said(answer)).toBe('200 skipped NotForThisHook')
    expect(answer.body['message']).toMatch(
      /^the hook does not accept quay\.io\/acme\/web:t+0, \S+, \S+ and 197 others$/,
    )
    expect(JSON.stringify(answer.body).length).toBeLessThan(2000)
  })

  it('is refused beyond what is read, and nothing is rolled out', async () => {
    const { hook, images, make } = await start()
    await make('Deployment', 'web', { app: 'quay.io/acme/web:1' })
    const push = await hook({ selector: {}, tags: { glob: '*' } })
    const answer = await push(tagged(5000))
    expect(said(answer)).toBe('400 - PushUnreadable')
    expect(JSON.stringify(answer.body).length).toBeLessThan(2000)
    expect((await images('Deployment', 'web')).images).toEqual({ app: 'quay.io/acme/web:1' })
  })
})

describe('what names no image', () => {
  it('is skipped, or restarts the workloads where the hook says so', async () => {
    const { get, hook, images, make } = await start()
    await make('Deployment', 'web', { app: 'web:1' })
    await make('CronJob', 'report', { report: 'web:1' })
    const skipping = await hook({ selector: {} })
    expect(said(await skipping({ build: 3 }))).toBe('200 skipped NotForThisHook')
    const restarting = await hook({ selector: {}, withoutImage: 'restart' }, {}, 'restart')
    const cron = await get('CronJob', 'report')
    const answer = await restarting({ build: 3 }, { id: 'build 3' })
    expect(said(answer)).toBe('200 applied Restarted')
    expect(answer.body['summary']).toBe('restarted Deployment/web')
    expect(Object.keys((await images('Deployment', 'web')).annotations)).toEqual([
      'pushed.receiverhooks.dev/restarted.at',
    ])
    expect((await get('CronJob', 'report')).metadata.resourceVersion).toBe(cron.metadata.resourceVersion)
    expect(said(await restarting({ build: 3 }, { id: 'build 3' }))).toBe('200 skipped Duplicate')
  })

  it.each([
    ['a member that is a number', { push_data: 1 }],
    ['nulls', { push_data: null, repository: null }],
    ['lists', { push_data: [], repository: [{}] }],
    ['a digest in the place of a tag', { push_data: { tag: digest('a') }, repository: { repo_name: 'acme/web' } }],
    ['an image that is none', { image: 'https://ghcr.io/acme/web' }],
  ])('but comes from a registry is answered 400 and is no delivery: %s', async (_name, body) => {
    const { hook, images, make } = await start()
    await make('Deployment', 'web', { app: 'acme/web:latest' })
    const push = await hook({ target: { name: 'web' }, withoutImage: 'restart' })
    const answer = await push(body)
    expect(said(answer)).toBe('400 - PushUnreadable')
    expect(String(answer.body['message'])).toContain('reports no push: it needs')
    expect((await images('Deployment', 'web')).annotations).toEqual({})
  })
})

describe('a target that cannot be rolled out', () => {
  it('is said in the answer, and in the conditions of the hook', async () => {
    const { hook: hookOf, make, until, ...here } = await start()
    const missing = await hookOf({ target: { name: 'gone' }, tags: { glob: '*' } })
    expect(said(await missing('web:1'))).toBe('422 failed TargetNotFound')
    const seen = await until(
      () => read(here.api, hooks, here.namespace, 'web-push'),
      hook => JSON.stringify(at(hook, 'status', 'conditions') ?? []).includes('TargetNotFound'),
    )
    expect(stringAt(seen, 'status', 'target')).toBe('Deployment/gone')
    await make('Deployment', 'gone', { app: 'web:1' })
    expect(said(await missing('web:2', { id: 'now there' }))).toBe('200 applied RolledOut')
  })

  it('is no reason to retry where its tags are no range', async () => {
    const { hook } = await start()
    const push = await hook({ target: { name: 'web' }, tags: { semver: '1.2.3.4.5' } })
    expect(said(await push('web:1'))).toBe('422 failed InvalidTags')
  })

  it('is distinguished from a tag that nodes never pull', async () => {
    const { api, hook, make, namespace } = await start()
    await make('Deployment', 'web', { app: 'web:1' })
    await send(api, {
      method: 'PATCH',
      path: objectPath(types.Deployment, namespace, 'web'),
      contentType: 'application/json-patch+json',
      body: JSON.stringify([{ op: 'add', path: '/spec/template/spec/containers/0/imagePullPolicy', value: 'Never' }]),
    })
    const push = await hook({ target: { name: 'web' } })
    expect(said(await push('web:1'))).toBe('422 failed ImageNeverPulled')
  })
})

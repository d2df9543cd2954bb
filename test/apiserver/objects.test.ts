import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import {
  ask,
  configMap,
  configMaps,
  crds,
  deployment,
  deployments,
  namesIn,
  eventsOf,
  versionOf,
  widget,
  widgetCrd,
  widgets,
} from './ask.ts'

const namespaces = '/api/v1/namespaces'
const secrets = '/api/v1/namespaces/default/secrets'

describe('a new object', () => {
  it('gets uid, version, moment and namespace, and a generation where its kind counts them', async () => {
    const { post, clock } = ask()
    await clock.advance(1500)
    const { body } = post(configMaps, configMap('a'))
    expect(body['metadata']).toEqual({
      name: 'a',
      namespace: 'default',
      uid: stringAt(body, 'metadata', 'uid'),
      resourceVersion: versionOf(body),
      creationTimestamp: '2026-01-01T00:00:01Z',
    })
    expect(stringAt(body, 'metadata', 'uid')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(versionOf(body)).toMatch(/^\d+$/)
    expect(post(deployments, deployment('a')).body['metadata']).toMatchObject({ generation: 1 })
  })

  it('gets a name of its own from generateName', () => {
    const { post } = ask()
    const make = () => stringAt(post(configMaps, { metadata: { generateName: 'a-' } }).body, 'metadata', 'name')
    const [first, second] = [make(), make()]
    expect(first).toMatch(/^a-[b-z2-9]{5}$/)
    expect(second).not.toBe(first)
  })

  it('on a dry run is checked and not stored', () => {
    const { post, get } = ask()
    expect(post(configMaps, configMap('a'), { dryRun: 'All' }).status).toBe(201)
    expect(post(configMaps, configMap('A'), { dryRun: 'All' }).status).toBe(422)
    expect(get(`${configMaps}/a`).status).toBe(404)
  })

  it.each<[string, string, object, number, string]>([
    [
      'without a name',
      configMaps,
      {},
      422,
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'of another namespace',
      configMaps,
      configMap('a', {}, { namespace: 'b' }),
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    ['in no namespace', configMaps.replace('default', 'none'), configMap('a'), 404, 'namespaces "none" not found'],
    [
      'of another kind',
      configMaps,
      { kind: 'Secret', apiVersion: 'v1', ...configMap('a') },
      400,
      'Secret in version "v1" cannot be handled as a ConfigMap: this path takes v1, Kind=ConfigMap',
    ],
    [
      'with a version',
      configMaps,
      configMap('a', {}, { resourceVersion: '1' }),
      400,
      'resourceVersion should not be set on objects to be created',
    ],
    [
      'with a negative count',
      deployments,
      deployment('a', -1),
      422,
      'Deployment.apps "a" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      'without anything to run',
      deployments,
      { metadata: { name: 'a' } },
      422,
      'Deployment.apps "a" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]',
    ],
    [
      'that is no base64',
      secrets,
      { metadata: { name: 'a' }, data: { x: '*' } },
      400,
      'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0',
    ],
  ])('%s is refused', (_, path, object, status, message) => {
    expect(ask().post(path, object)).toMatchObject({ status, body: { message } })
  })

  it('has the defaults of its kind', () => {
    const { post } = ask()
    expect(post(deployments, deployment('a')).body).toMatchObject({ spec: { replicas: 1 }, status: {} })
    expect(post(secrets, { metadata: { name: 'a' }, stringData: { x: 'y' } }).body).toMatchObject({
      type: 'Opaque',
      data: { x: 'eQ==' },
    })
    expect(post(namespaces, { metadata: { name: 'a' } }).body).toMatchObject({ status: { phase: 'Active' } })
  })

  it('in protobuf is declined with 415', () => {
    const { server } = ask()
    const contentType = 'application/vnd.kubernetes.protobuf'
    expect(server.handle({ method: 'POST', path: configMaps, contentType, body: 'k8s' }).status).toBe(415)
  })
})

describe('a replaced object', () => {
  it('keeps what only the server writes', () => {
    const { post, put } = ask()
    const { body } = post(configMaps, configMap('a', { x: '1' }))
    const replaced = put(`${configMaps}/a`, configMap('a', { x: '2' })).body
    expect(at(replaced, 'metadata', 'uid')).toBe(at(body, 'metadata', 'uid'))
    expect(replaced['data']).toEqual({ x: '2' })
  })

  it('is refused with another version, uid or name', () => {
    const { post, put } = ask()
    post(configMaps, configMap('a'))
    expect(put(`${configMaps}/a`, configMap('a', { x: '1' }, { resourceVersion: '1' })).status).toBe(409)
    expect(put(`${configMaps}/a`, configMap('a', { x: '1' }, { uid: 'x' })).status).toBe(409)
    expect(put(`${configMaps}/a`, configMap('b', { x: '1' })).status).toBe(400)
    expect(put(`${configMaps}/c`, configMap('c')).status).toBe(404)
  })

  it('counts generations by its specification, not by its metadata or status', () => {
    const { post, patch } = ask()
    post(deployments, deployment('a'))
    const generation = (path: string, change: object) =>
      at(patch(`${deployments}/${path}`, 'merge', change).body, 'metadata', 'generation')
    expect(generation('a', { metadata: { labels: { x: 'y' } } })).toBe(1)
    expect(generation('a/status', { status: { replicas: 3 } })).toBe(1)
    expect(generation('a', { spec: { paused: true } })).toBe(2)
  })
})

describe('a deleted object', () => {
  it('is answered with a Status, and then is not there', () => {
    const { post, remove } = ask()
    post(deployments, deployment('a'))
    expect(remove(`${deployments}/a`).body).toMatchObject({
      status: 'Success',
      details: { name: 'a', group: 'apps', kind: 'deployments' },
    })
    expect(remove(`${deployments}/a`).status).toBe(404)
  })

  it('waits for its finalizers', () => {
    const { post, patch, remove, get, watch } = ask()
    post(configMaps, configMap('a', {}, { finalizers: ['a.b/c', 'a.b/d'] }))
    const watched = watch(configMaps)
    expect(at(remove(`${configMaps}/a`).body, 'metadata', 'deletionTimestamp')).toBe('2026-01-01T00:00:00Z')
    remove(`${configMaps}/a`)
    patch(`${configMaps}/a`, 'merge', { metadata: { finalizers: ['a.b/d'] } })
    expect(get(`${configMaps}/a`).status).toBe(200)
    patch(`${configMaps}/a`, 'merge', { metadata: { finalizers: [] } })
    expect(eventsOf(watched)).toEqual(['ADDED a', 'MODIFIED a', 'MODIFIED a', 'DELETED a'])
  })

  it('must be of the uid and version that are asked for', () => {
    const { post, remove } = ask()
    const { body } = post(configMaps, configMap('a'))
    const right = { uid: stringAt(body, 'metadata', 'uid'), resourceVersion: versionOf(body) }
    expect(remove(`${configMaps}/a`, { preconditions: { ...right, uid: 'x' } }).status).toBe(409)
    expect(remove(`${configMaps}/a`, { preconditions: { ...right, resourceVersion: '1' } }).status).toBe(409)
    expect(remove(`${configMaps}/a`, { dryRun: ['All'] }).status).toBe(200)
    expect(remove(`${configMaps}/a`, { preconditions: right }).status).toBe(200)
  })

  it('takes with it what nobody else owns, and what that owned', () => {
    const { post, remove, get } = ask()
    const uidOf = (object: unknown): string => stringAt(object, 'metadata', 'uid') ?? ''
    const owner = (name: string, uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid })
    const [a, b] = ['a', 'b'].map(name => owner(name, uidOf(post(configMaps, configMap(name)).body)))
    const child = post(configMaps, configMap('child', {}, { ownerReferences: [a] })).body
    post(secrets, configMap('grandchild', {}, { ownerReferences: [owner('child', uidOf(child))] }))
    post(configMaps, configMap('shared', {}, { ownerReferences: [a, b] }))
    remove(`${configMaps}/a`)
    expect(namesIn(get(configMaps).body)).toEqual(['b', 'shared'])
    expect(namesIn(get(secrets).body)).toEqual([])
    expect(at(get(`${configMaps}/shared`).body, 'metadata', 'ownerReferences')).toEqual([b])
  })

  it('leaves what it owned when that is asked for', () => {
    const { post, remove, get } = ask()
    const uid = stringAt(post(configMaps, configMap('a')).body, 'metadata', 'uid')
    post(configMaps, configMap('b', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid }] }))
    remove(`${configMaps}/a`, { propagationPolicy: 'Orphan' })
    expect(namesIn(get(configMaps).body)).toEqual(['b'])
  })

  it('that is a namespace takes its objects with it', () => {
    const { post, remove, get } = ask()
    post(namespaces, { metadata: { name: 'shop' } })
    post('/api/v1/namespaces/shop/configmaps', configMap('a'))
    post(configMaps, configMap('stays'))
    remove(`${namespaces}/shop`)
    expect(namesIn(get('/api/v1/configmaps').body)).toEqual(['stays'])
    expect(post('/api/v1/namespaces/shop/configmaps', configMap('a')).status).toBe(404)
  })

  it('may be one of a whole selection', () => {
    const { post, remove, get } = ask()
    for (const [name, x] of [
      ['a', '1'],
      ['b', '2'],
      ['c', '1'],
    ] as const)
      post(configMaps, configMap(name, {}, { labels: { x } }))
    remove(configMaps, {}, { labelSelector: 'x=1' })
    expect(namesIn(get(configMaps).body)).toEqual(['b'])
  })
})

describe('a selector', () => {
  const objects = [
    ['a', { tier: 'front', env: 'prod' }],
    ['b', { tier: 'back' }],
    ['c', {}],
  ] as const

  it.each<[string, string[]]>([
    ['tier=front', ['a']],
    ['tier==front', ['a']],
    ['tier!=front', ['b', 'c']],
    ['tier in (front, back)', ['a', 'b']],
    ['tier notin (front)', ['b', 'c']],
    ['tier', ['a', 'b']],
    ['!tier', ['c']],
    ['tier in (front,back),env=prod', ['a']],
    ['env=prod,tier=back', []],
    ['', ['a', 'b', 'c']],
  ])('of labels: %s', (labelSelector, expected) => {
    const { post, get } = ask()
    for (const [name, labels] of objects) post(configMaps, configMap(name, {}, { labels }))
    expect(namesIn(get(configMaps, { labelSelector }).body)).toEqual(expected)
  })

  it.each<[string, string[]]>([
    ['metadata.name=a', ['a']],
    ['metadata.name!=a', ['b', 'c']],
    ['metadata.namespace=default', ['a', 'b', 'c']],
    ['metadata.namespace=other', []],
  ])('of fields: %s', (fieldSelector, expected) => {
    const { post, get } = ask()
    for (const [name] of objects) post(configMaps, configMap(name))
    expect(namesIn(get(configMaps, { fieldSelector }).body)).toEqual(expected)
    expect(namesIn(get('/api/v1/configmaps', { fieldSelector }).body)).toEqual(expected)
  })

  it('of a name is exact in a list and in a watch', () => {
    const { post, get, watch } = ask()
    post(configMaps, configMap('ab'))
    expect(namesIn(get(configMaps, { fieldSelector: 'metadata.name=a' }).body)).toEqual([])
    expect(eventsOf(watch(configMaps, { fieldSelector: 'metadata.name=a' }))).toEqual([])
  })

  it.each([
    { labelSelector: 'a===b' },
    { labelSelector: 'a in b' },
    { fieldSelector: 'data.x=1' },
    { fieldSelector: 'x' },
  ])('that cannot be is refused with 400: %o', query => {
    expect(ask().get(configMaps, query).status).toBe(400)
  })
})

describe('an event', () => {
  it('has one store and two faces', () => {
    const { post, get } = ask()
    const modern = '/apis/events.k8s.io/v1/namespaces/default/events'
    const core = '/api/v1/namespaces/default/events'
    const regarding = { kind: 'Deployment', name: 'web' }
    post(modern, {
      metadata: { name: 'e' },
      note: 'n',
      regarding,
      reportingController: 'c',
      eventTime: '2026-01-01T00:00:00.000000Z',
    })
    expect(get(`${core}/e`).body).toMatchObject({
      apiVersion: 'v1',
      message: 'n',
      involvedObject: regarding,
      reportingComponent: 'c',
    })
    expect(get(`${modern}/e`).body).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'n', regarding })
    expect(
      namesIn(get(core, { fieldSelector: 'involvedObject.name=web,involvedObject.kind=Deployment' }).body),
    ).toEqual(['e'])
  })
})

describe('a path', () => {
  it.each<[string, string, number]>([
    ['GET', '/version', 200],
    ['GET', '/apis', 200],
    ['GET', '/api/v1', 200],
    ['GET', '/openapi/v3', 200],
    ['GET', '/openapi/v3/apis/apps/v1', 200],
    ['GET', '/openapi/v2', 200],
    ['GET', '/openapi/v1', 404],
    ['GET', '/apis/apps/v1/nothing', 404],
    ['GET', '/apis/nothing/v1/nothing', 404],
    ['GET', '/api/v1/configmaps/a', 404],
    ['GET', '/nothing', 404],
    ['POST', `${configMaps}/a`, 405],
    ['POST', '/version', 405],
    ['GET', `${configMaps}/a/status`, 404],
  ])('%s %s answers %i', (method, path, status) => {
    const { server } = ask()
    expect(server.handle({ method, path }).status).toBe(status)
  })

  it('may hold what is percent-encoded', () => {
    const { post, get } = ask()
    post(configMaps, configMap('a.b'))
    expect(get(`${configMaps}/a%2Eb`).status).toBe(200)
  })
})

describe('a mass of objects', () => {
  it('of ten thousand is listed, paged and patched in reasonable time', () => {
    const { post, patch, get } = ask()
    post(crds, widgetCrd({ type: 'object', properties: { x: { type: 'integer' } } }))
    for (let index = 0; index < 10_000; index++) post(widgets, widget(`w-${index}`, { x: index }))
    expect(namesIn(get(widgets).body)).toHaveLength(10_000)
    expect(namesIn(get(widgets, { limit: '500' }).body)).toHaveLength(500)
    for (let index = 0; index < 200; index++)
      expect(patch(`${widgets}/w-7`, 'merge', { spec: { x: -index } }).status).toBe(200)
  })
})

describe('a Service', () => {
  const services = '/api/v1/namespaces/default/services'
  const service = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec })
  const ports = [{ port: 80 }]

  it('has a cluster IP of the usual range, which stays when it is written without', () => {
    const { post, put } = ask()
    const { body } = post(services, service('web', { ports, selector: { app: 'web' } }))
    const ip = stringAt(body, 'spec', 'clusterIP') ?? ''
    expect(ip).toMatch(/^10\.(9[6-9]|10\d|11[01])\.\d+\.\d+$/)
    expect(body['spec']).toMatchObject({
      type: 'ClusterIP',
      clusterIPs: [ip],
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    })
    expect(stringAt(post(services, service('other', { ports })).body, 'spec', 'clusterIP')).not.toBe(ip)
    const changed = put(`${services}/web`, service('web', { ports: [{ port: 81, protocol: 'UDP' }] })).body
    expect(changed['spec']).toMatchObject({ clusterIP: ip, ports: [{ port: 81, protocol: 'UDP', targetPort: 81 }] })
  })

  it('has none as an ExternalName, keeps None where it is headless, and needs a port otherwise', () => {
    const { post } = ask()
    const external = post(services, service('out', { type: 'ExternalName', externalName: 'example.com' }))
    expect(external.status).toBe(201)
    expect(at(external.body, 'spec', 'clusterIP')).toBeUndefined()
    expect(post(services, service('pods', { clusterIP: 'None' })).body['spec']).toMatchObject({ clusterIP: 'None' })
    expect(post(services, service('web', {})).status).toBe(422)
  })
})

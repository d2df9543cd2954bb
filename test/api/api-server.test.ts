import { describe, expect, inject, it } from 'vitest'
import { at, parseJson, stringAt, type JsonObject } from '../../src/api/json.ts'
import { apiServer, configMap, owners, versionOf, type Answer } from '../support/api-server.ts'
import { deployment } from '../support/objects.ts'
import { kubectl, type Ran } from '../support/kubectl.ts'

/** What the product stands on, and what the in-memory server therefore has to do as a real one does. */
const { namespace, group, deployments, configMaps, widgets, request, call, made, read, merge, watch, widget } =
  apiServer()

/** Returns the marked write that every step of the product is. */
const mark = (name: string, manager: string, replicas: number, metadata: object = {}): Promise<Answer> =>
  call(
    'PATCH',
    `${deployments}/${name}/scale`,
    { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name, ...metadata }, spec: { replicas } },
    { contentType: 'application/apply-patch+yaml', query: { fieldManager: manager, force: 'true' } },
  )

const exactly = (name: string, version: string): Promise<JsonObject> =>
  read(deployments, {
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: version,
    resourceVersionMatch: 'Exact',
    limit: '1',
  })

describe('a marked write on /scale', () => {
  it('sets the count, counts a generation and leaves its mark', async () => {
    await made(deployments, deployment('marked', 2))
    expect((await mark('marked', 'rhook.a', 3)).status).toBe(200)
    const after = await read(`${deployments}/marked`)
    expect(after).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 } })
    expect(owners(after)).toEqual(['rhook.a Apply scale'])
  })

  it('works at 0, where a Scale has no count', async () => {
    await made(deployments, deployment('zero', 1))
    await mark('zero', 'rhook.a', 0)
    expect(await read(`${deployments}/zero/scale`)).toMatchObject({ kind: 'Scale', spec: {} })
    expect(owners(await read(`${deployments}/zero`))).toEqual(['rhook.a Apply scale'])
    await mark('zero', 'rhook.b', 1)
    expect(owners(await read(`${deployments}/zero`))).toEqual(['rhook.b Apply scale'])
  })

  it('stands next to the marks of the same count', async () => {
    await made(deployments, deployment('same', 1))
    const { body } = await mark('same', 'rhook.a', 2)
    const other = await mark('same', 'rhook.b', 2, { resourceVersion: versionOf(body) })
    expect(versionOf(other.body)).not.toBe(versionOf(body))
    expect(owners(await read(`${deployments}/same`))).toEqual(['rhook.a Apply scale', 'rhook.b Apply scale'])
  })

  it('is refused with 409 when it was computed from an older version', async () => {
    const first = await made(deployments, deployment('stale', 1))
    await mark('stale', 'rhook.a', 2)
    const { status, body } = await mark('stale', 'rhook.b', 2, { resourceVersion: versionOf(first) })
    expect(status).toBe(409)
    expect(body).toMatchObject({
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on deployments.apps "stale": the object has been modified; please apply your changes to the latest version and try again',
    })
  })

  it('is refused with 409 when it means an object of another uid', async () => {
    await made(deployments, deployment('uid', 1))
    const { status, body } = await mark('uid', 'rhook.a', 2, { uid: '00000000-0000-4000-8000-000000000000' })
    expect([status, body['reason']]).toEqual([409, 'Conflict'])
  })

  it('does not move the version when it is sent again', async () => {
    await made(deployments, deployment('again', 1))
    const { body } = await mark('again', 'rhook.a', 2)
    expect(versionOf((await mark('again', 'rhook.a', 2)).body)).toBe(versionOf(body))
  })

  it('changes nothing on a dry run', async () => {
    const before = await made(deployments, deployment('dry', 1))
    const dry = await call(
      'PATCH',
      `${deployments}/dry/scale`,
      { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'dry' }, spec: { replicas: 9 } },
      {
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'rhook.a', force: 'true', dryRun: 'All' },
      },
    )
    expect(dry).toMatchObject({ status: 200, body: { spec: { replicas: 9 } } })
    expect(versionOf(await read(`${deployments}/dry`))).toBe(versionOf(before))
  })

  it('loses the count to a plain patch that changes it, and only to that', async () => {
    await made(deployments, deployment('taken', 1))
    await mark('taken', 'rhook.a', 2)
    await merge(`${deployments}/taken`, { metadata: { labels: { a: 'b' } } }, { fieldManager: 'other' })
    expect(owners(await read(`${deployments}/taken`))).toEqual(['rhook.a Apply scale'])
    await merge(`${deployments}/taken`, { spec: { replicas: 5 } }, { fieldManager: 'other' })
    expect(owners(await read(`${deployments}/taken`))).toEqual(['other Update -'])
  })

  it('without force, is refused where another mark holds the count', async () => {
    await made(deployments, deployment('unforced', 1))
    await mark('unforced', 'rhook.a', 2)
    const { status, body } = await call(
      'PATCH',
      `${deployments}/unforced/scale`,
      { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'unforced' }, spec: { replicas: 4 } },
      { contentType: 'application/apply-patch+yaml', query: { fieldManager: 'rhook.b' } },
    )
    expect(status).toBe(409)
    expect(body['message']).toBe(
      'Apply failed with 1 conflict: conflict with "rhook.a" with subresource "scale": .spec.replicas',
    )
  })

  it('on an object that does not exist is 404', async () => {
    expect((await mark('missing', 'rhook.a', 2)).status).toBe(404)
  })

  it('on the /scale of a custom resource is 500', async () => {
    await made(widgets, widget('scaled', { driver: 'other', count: 1 }))
    const { status } = await call(
      'PATCH',
      `${widgets}/scaled/scale`,
      { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'scaled' }, spec: { replicas: 2 } },
      { contentType: 'application/apply-patch+yaml', query: { fieldManager: 'rhook.a', force: 'true' } },
    )
    expect(status).toBe(500)
  })
})

describe('a list at an exact version', () => {
  it('shows an object as it was then', async () => {
    const first = await made(deployments, deployment('history', 1))
    await mark('history', 'rhook.a', 2)
    const second = await read(`${deployments}/history`)
    await mark('history', 'rhook.b', 3)
    expect(at(await exactly('history', versionOf(first)), 'items')).toMatchObject([{ spec: { replicas: 1 } }])
    expect(at(await exactly('history', versionOf(second)), 'items')).toMatchObject([{ spec: { replicas: 2 } }])
  })

  it('shows nothing before the object was', async () => {
    const before = await made(configMaps, configMap('before-it', '1'))
    await made(deployments, deployment('later', 1))
    expect(at(await exactly('later', versionOf(before)), 'items')).toEqual([])
  })

  it('that does not exist yet is refused with 504', async () => {
    const { status } = await call('GET', configMaps, undefined, {
      query: { resourceVersion: '999999999', resourceVersionMatch: 'Exact' },
    })
    expect(status).toBe(504)
  })
})

describe('a write', () => {
  it('that changes nothing keeps the version', async () => {
    const before = await made(configMaps, configMap('same', '1'))
    const { body } = await merge(`${configMaps}/same`, { data: { x: '1' } })
    expect(versionOf(body)).toBe(versionOf(before))
  })

  it('of a stale version is refused with 409, as PUT and as merge patch', async () => {
    const before = await made(configMaps, configMap('stale', '1'))
    const resourceVersion = versionOf(before)
    await merge(`${configMaps}/stale`, { data: { x: '2' } })
    const put = await call('PUT', `${configMaps}/stale`, {
      ...configMap('stale', '3'),
      metadata: { name: 'stale', resourceVersion },
    })
    const patch = await merge(`${configMaps}/stale`, { metadata: { resourceVersion }, data: { x: '3' } })
    expect([put.status, put.body['reason'], patch.status]).toEqual([409, 'Conflict', 409])
  })

  it('whose JSON Patch test fails is 422 without causes', async () => {
    await made(configMaps, configMap('tested', '1'))
    const { status, body } = await call(
      'PATCH',
      `${configMaps}/tested`,
      [{ op: 'test', path: '/data/x', value: '2' }],
      { contentType: 'application/json-patch+json' },
    )
    expect(status).toBe(422)
    expect(body).toMatchObject({ reason: 'Invalid', details: {} })
    expect(at(body, 'details', 'causes')).toBeUndefined()
  })

  it('may test for null where there is nothing', async () => {
    await made(configMaps, configMap('absent', '1'))
    const patch = [
      { op: 'test', path: '/data/y', value: null },
      { op: 'add', path: '/data/y', value: '2' },
    ]
    const { body } = await call('PATCH', `${configMaps}/absent`, patch, {
      contentType: 'application/json-patch+json',
    })
    expect(body['data']).toEqual({ x: '1', y: '2' })
  })

  it('into a namespace that does not exist is 404', async () => {
    const { status, body } = await call('POST', '/api/v1/namespaces/nowhere-at-all/configmaps', configMap('a', '1'))
    expect([status, body['message']]).toEqual([404, 'namespaces "nowhere-at-all" not found'])
  })

  it('of a name that is taken is 409 AlreadyExists', async () => {
    await made(configMaps, configMap('taken', '1'))
    const { status, body } = await call('POST', configMaps, configMap('taken', '1'))
    expect([status, body['reason']]).toEqual([409, 'AlreadyExists'])
  })

  it('of a name that is none is 422 with the place of the mistake', async () => {
    const { status, body } = await call('POST', configMaps, configMap('Not_a_name', '1'))
    expect(status).toBe(422)
    expect(at(body, 'details', 'causes')).toMatchObject([{ reason: 'FieldValueInvalid', field: 'metadata.name' }])
  })

  it('of a Secret turns stringData into data', async () => {
    const secret = await made(`/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name: 'words' },
      stringData: { url: 'http' },
    })
    expect(secret).toMatchObject({ data: { url: 'aHR0cA==' }, type: 'Opaque' })
    expect(secret['stringData']).toBeUndefined()
  })

  it('that removes the last finalizer of a deleted object removes the object', async () => {
    await made(configMaps, { ...configMap('finalized', '1'), metadata: { name: 'finalized', finalizers: ['a.b/c'] } })
    await call('DELETE', `${configMaps}/finalized`)
    expect(stringAt(await read(`${configMaps}/finalized`), 'metadata', 'deletionTimestamp')).toBeDefined()
    await merge(`${configMaps}/finalized`, { metadata: { finalizers: null } })
    expect((await call('GET', `${configMaps}/finalized`)).status).toBe(404)
  })

  it('that deletes another uid or version is refused with 409', async () => {
    await made(configMaps, configMap('guarded', '1'))
    for (const preconditions of [{ uid: 'another' }, { resourceVersion: '1' }]) {
      expect((await call('DELETE', `${configMaps}/guarded`, { preconditions })).status).toBe(409)
    }
    expect((await call('GET', `${configMaps}/guarded`)).status).toBe(200)
  })
})

describe('a watch', () => {
  const namesOf = (events: readonly JsonObject[]): string[] =>
    events
      .filter(event => event['type'] !== 'BOOKMARK')
      .map(event => `${stringAt(event, 'type')} ${stringAt(event, 'object', 'metadata', 'name')}`)

  it('from a version reports everything that happened after it', async () => {
    const start = await made(configMaps, configMap('watched-before', '1'))
    await made(configMaps, { ...configMap('watched', '1'), metadata: { name: 'watched', labels: { watched: 'yes' } } })
    await merge(`${configMaps}/watched`, { data: { x: '2' } })
    await call('DELETE', `${configMaps}/watched`)
    const events = await watch(configMaps, { resourceVersion: versionOf(start), labelSelector: 'watched=yes' })
    expect(namesOf(events)).toEqual(['ADDED watched', 'MODIFIED watched', 'DELETED watched'])
  })

  it('by a selector reports an object that stops matching as deleted', async () => {
    const start = await made(configMaps, {
      ...configMap('leaves', '1'),
      metadata: { name: 'leaves', labels: { leaves: 'no' } },
    })
    await merge(`${configMaps}/leaves`, { metadata: { labels: { leaves: 'yes' } } })
    await merge(`${configMaps}/leaves`, { metadata: { labels: { leaves: 'no' } } })
    const events = await watch(configMaps, { resourceVersion: versionOf(start), labelSelector: 'leaves=yes' })
    expect(namesOf(events)).toEqual(['ADDED leaves', 'DELETED leaves'])
  })

  it('of one name begins with what there is', async () => {
    await made(configMaps, configMap('alone', '1'))
    expect(namesOf(await watch(configMaps, { fieldSelector: 'metadata.name=alone' }))).toEqual(['ADDED alone'])
  })
})

describe('a custom resource', () => {
  it('has defaults, and a status that is not created with it', async () => {
    const created = await made(widgets, { ...widget('defaults', { driver: 'other' }), status: { count: 5 } })
    expect(created).toMatchObject({ spec: { driver: 'other', min: 1, token: { rotation: 0 } } })
    expect(created['status']).toEqual({ observedGeneration: -1 })
  })

  it('keeps spec and status apart', async () => {
    await made(widgets, widget('halves', { driver: 'other' }))
    await merge(`${widgets}/halves/status`, { spec: { driver: 'scale' }, status: { count: 7 } })
    const { body } = await merge(`${widgets}/halves`, { spec: { min: 3 }, status: { count: 9 } })
    expect(body).toMatchObject({
      metadata: { generation: 2 },
      spec: { driver: 'other', min: 3 },
      status: { count: 7 },
    })
  })

  const unchecked =
    '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

  it.each<[string, object, string]>([
    ['a missing member', {}, `[spec.driver: Required value, ${unchecked}]`],
    [
      'a value that is not in the list',
      { driver: 'x' },
      `[spec.driver: Unsupported value: "x": supported values: "scale", "other", ${unchecked}]`,
    ],
    [
      'a value of another type',
      { driver: 'other', max: 'x' },
      `[spec.max: Invalid value: "string": spec.max in body must be of type integer: "string", ${unchecked}]`,
    ],
    [
      'a number under the minimum',
      { driver: 'other', min: 0, max: 0 },
      'spec.max: Invalid value: 0: spec.max in body should be greater than or equal to 1',
    ],
    ['a rule on an object', { driver: 'other', min: 5, max: 2 }, 'spec.max: Invalid value: min must not be above max'],
    [
      'a rule on a string',
      { driver: 'other', by: 'x' },
      'spec.by: Invalid value: "x": must be a count of 1 or more, or a share such as 25%',
    ],
    [
      'a rule on a whole number',
      { driver: 'other', by: 0 },
      'spec.by: Invalid value: 0: must be a count of 1 or more, or a share such as 25%',
    ],
    ['a rule with a reason', { driver: 'scale' }, 'spec.max: Required value: must be set, because driver is scale'],
  ])('is refused with 422 and the place of %s', async (_, spec, message) => {
    const { status, body } = await call('POST', widgets, widget('bad', spec))
    expect(body['message']).toBe(`Widget.${group} "bad" is invalid: ${message}`)
    expect([status, body['reason']]).toEqual([422, 'Invalid'])
  })

  it('is held to rules on its former value, also where a default takes its place', async () => {
    await made(widgets, widget('raised', { driver: 'other', token: { rotation: 3 } }))
    const lowered = await merge(`${widgets}/raised`, { spec: { token: { rotation: 2 } } })
    const removed = await merge(`${widgets}/raised`, { spec: { token: null } })
    const raised = await merge(`${widgets}/raised`, { spec: { token: { rotation: 4 } } })
    expect(lowered.body['message']).toContain('spec.token.rotation: Invalid value: 2: cannot be lowered')
    expect([lowered.status, removed.status, raised.status]).toEqual([422, 422, 200])
  })

  it('with an unknown member is refused under Strict, and pruned with a warning otherwise', async () => {
    const strict = await call('POST', widgets, widget('unknown', { driver: 'other', sacle: 1 }), {
      query: { fieldValidation: 'Strict' },
    })
    expect(strict.status).toBe(400)
    expect(strict.body['message']).toBe(
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.sacle"',
    )
    const warned = await request({
      method: 'POST',
      path: widgets,
      body: JSON.stringify(widget('unknown', { driver: 'other', sacle: 1 })),
      lane: 'bulk',
      timeoutMs: 5000,
    })
    expect(warned.status).toBe(201)
    expect(warned.headers['warning']).toContain('unknown field \\"spec.sacle\\"')
    expect(at(parseJson(warned.body), 'spec', 'sacle')).toBeUndefined()
  })

  it('is replaced only with the version that is replaced', async () => {
    await made(widgets, widget('replaced', { driver: 'other' }))
    const { status, body } = await call('PUT', `${widgets}/replaced`, widget('replaced', { driver: 'other' }))
    expect(status).toBe(422)
    expect(body['message']).toContain('metadata.resourceVersion: Invalid value: 0: must be specified for an update')
  })
})

describe('who asks for metadata alone', () => {
  it.each(['GET', 'PUT'] as const)('gets the version and nothing else as the answer to a %s', async method => {
    const name = `meta-${method.toLowerCase()}`
    const { metadata } = await made(widgets, widget(name, { driver: 'other' }))
    const body = method === 'PUT' ? { ...widget(name, { driver: 'scale', max: 2 }), metadata } : undefined
    const answer = await call(method, `${widgets}/${name}`, body, { as: 'metadata' })
    expect(answer).toMatchObject({ status: 200, body: { kind: 'PartialObjectMetadata', metadata: { name } } })
    expect(Object.keys(answer.body).toSorted()).toEqual(['apiVersion', 'kind', 'metadata'])
    expect(versionOf(answer.body)).toBe(versionOf(await read(`${widgets}/${name}`)))
  })

  it('gets that of each object of a list', async () => {
    await made(widgets, widget('meta-listed', { driver: 'other' }))
    const { body, status } = await call('GET', widgets, undefined, { as: 'metadata list' })
    expect([status, body['kind']]).toEqual([200, 'PartialObjectMetadataList'])
    expect(body['items']).toContainEqual({
      apiVersion: 'meta.k8s.io/v1',
      kind: 'PartialObjectMetadata',
      metadata: expect.objectContaining({ name: 'meta-listed' }) as unknown,
    })
  })

  it('gets null for the items of a list without objects', async () => {
    const { body, status } = await call('GET', `${widgets}?labelSelector=of=nobody`, undefined, { as: 'metadata list' })
    expect([status, body['kind'], body['items']]).toEqual([200, 'PartialObjectMetadataList', null])
  })

  it('is refused where a list is asked for as one object', async () => {
    expect((await call('GET', widgets, undefined, { as: 'metadata' })).status).toBe(406)
  })

  it('still gets a Status where it is refused', async () => {
    const { status, body } = await call('GET', `${widgets}/none`, undefined, { as: 'metadata' })
    expect([status, body['kind'], body['reason']]).toEqual([404, 'Status', 'NotFound'])
  })
})

describe('an event', () => {
  it('that is written as events.k8s.io/v1 is read as v1', async () => {
    await made(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
      metadata: { name: 'stepped' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'receiverhooks.dev/trigger',
      reportingInstance: 'trigger-1',
      action: 'Scale',
      reason: 'Stepped',
      regarding: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace },
      note: 'from 1 to 2',
      type: 'Normal',
    })
    const list = await read(`/api/v1/namespaces/${namespace}/events`, { fieldSelector: 'involvedObject.name=web' })
    expect(list['items']).toMatchObject([
      { message: 'from 1 to 2', involvedObject: { name: 'web' }, reportingComponent: 'receiverhooks.dev/trigger' },
    ])
  })
})

describe('kubectl', () => {
  const run = (args: readonly string[], stdin = ''): Promise<Ran> =>
    kubectl(inject('kubeconfig'), ['--namespace', namespace, ...args], stdin)
  const manifest = (replicas: number): string => JSON.stringify(deployment('applied', replicas))

  it('applies, gets, scales, waits for, describes and deletes', async () => {
    expect((await run(['apply', '-f', '-'], manifest(2))).stdout).toBe('deployment.apps/applied created\n')
    expect((await run(['apply', '-f', '-'], manifest(2))).stdout).toBe('deployment.apps/applied unchanged\n')
    expect((await run(['apply', '-f', '-'], manifest(3))).stdout).toBe('deployment.apps/applied configured\n')
    expect((await run(['get', 'deploy', 'applied'])).stdout).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\napplied +0\/3 /,
    )
    expect((await run(['scale', 'deploy/applied', '--replicas=5'])).stdout).toBe('deployment.apps/applied scaled\n')
    expect((await run(['get', 'deploy', 'applied', '-o', 'jsonpath={.spec.replicas}'])).stdout).toBe('5')
    expect((await run(['wait', '--for=jsonpath={.spec.replicas}=5', 'deploy/applied'])).code).toBe(0)
    expect((await run(['describe', 'deploy', 'applied'])).stdout).toContain('5 desired')
    expect((await run(['delete', 'deploy', 'applied'])).code).toBe(0)
    expect((await run(['get', 'deploy', 'applied'])).stderr).toContain('not found')
  })

  it('shows a rule that a manifest breaks as a sentence about its field', async () => {
    const { code, stderr } = await run(
      ['apply', '-f', '-'],
      JSON.stringify(widget('ruled', { driver: 'other', min: 5, max: 2 })),
    )
    expect(code).toBe(1)
    expect(stderr).toBe('The Widget "ruled" is invalid: spec.max: Invalid value: min must not be above max\n')
  })
})

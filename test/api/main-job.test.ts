import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { notification } from '../support/alertmanager.ts'
import { cluster, deployments, post, product } from '../support/product.ts'

const condition = (object: StoredObject | undefined, type: string): unknown => {
  const conditions = at(object, 'status', 'conditions')
  return Array.isArray(conditions) ? conditions.find(entry => at(entry, 'type') === type) : undefined
}

const isReady = (object: StoredObject | undefined): boolean => at(condition(object, 'Ready'), 'status') === 'True'

const setUp = async (replicas = 2) => {
  const here = await cluster()
  await here.createDeployment('web', replicas)
  const running = await product(here)
  return { ...here, ...running }
}

describe('a hook that was applied', () => {
  it('has its token, its URL and its conditions in the status', async () => {
    const { createHook, hook, namespace, triggerPort, url } = await setUp()
    await createHook('web-up', {})
    const published = await url('web-up')
    const token = stringAt(await hook('web-up'), 'status', 'token') ?? ''
    expect(published).toBe(`http://127.0.0.1:${triggerPort}/v1/trigger/${token}`)
    const [header = '', claims = ''] = token.split('.').map(part => Buffer.from(part, 'base64url').toString())
    expect(JSON.parse(header)).toMatchObject({ alg: 'EdDSA', typ: 'receiverhook+jwt' })
    expect(JSON.parse(claims)).toMatchObject({ aud: 'trigger', sub: `${namespace}/web-up`, rotation: 0 })
    const stored = await hook('web-up')
    expect(at(stored, 'status')).toMatchObject({
      observedGeneration: 1,
      target: 'Deployment/web',
      minted: { rotation: 0 },
    })
    expect(condition(stored, 'Ready')).toMatchObject({ status: 'True', reason: 'Valid', observedGeneration: 1 })
    expect(condition(stored, 'Stalled')).toBeUndefined()
    expect(condition(stored, 'Reconciling')).toBeUndefined()
  })

  it('scales its target by a step when something posts to its URL, without a body', async () => {
    const { createHook, namespace, replicas, url } = await setUp(2)
    await createHook('web-up', {})
    const posted = await post(await url('web-up'))
    expect(posted).toMatchObject({
      status: 200,
      body: {
        message: 'Deployment/web went from 2 to 3',
        hook: `${namespace}/web-up`,
        driver: 'scale',
        outcome: 'applied',
        reason: 'Stepped',
        from: 2,
        to: 3,
      },
    })
    expect(await replicas('web')).toBe(3)
  })

  it('stops at its bound, and says so', async () => {
    const { createHook, replicas, url } = await setUp(9)
    await createHook('web-up', { by: 5 })
    const address = await url('web-up')
    expect((await post(address)).body).toMatchObject({ outcome: 'applied', from: 9, to: 10 })
    expect(await post(address)).toMatchObject({
      status: 200,
      body: {
        message: "Deployment/web stays at 10: the hook's max is 10",
        outcome: 'unchanged',
        reason: 'AtBound',
        from: 10,
        to: 10,
      },
    })
    expect(await replicas('web')).toBe(10)
  })

  it('goes down to 0 and up from 0', async () => {
    const { createHook, replicas, url } = await setUp(1)
    await createHook('web-down', { action: 'down', min: 0 })
    await createHook('web-up', { by: '50%' })
    expect((await post(await url('web-down'))).body).toMatchObject({ outcome: 'applied', from: 1, to: 0 })
    expect(await replicas('web')).toBe(0)
    expect((await post(await url('web-down'))).body).toMatchObject({ outcome: 'unchanged', from: 0, to: 0 })
    expect((await post(await url('web-up'))).body).toMatchObject({ outcome: 'applied', from: 0, to: 1 })
  })

  it('rejects a step past the bound when its overshoot says so', async () => {
    const { createHook, replicas, url } = await setUp(9)
    await createHook('web-up', { by: 5, overshoot: 'reject' })
    expect(await post(await url('web-up'))).toMatchObject({
      status: 409,
      body: { outcome: 'rejected', reason: 'WouldPassBound' },
    })
    expect(await replicas('web')).toBe(9)
  })

  it('says on a dry run what it would do, and does not', async () => {
    const { createHook, replicas, url } = await setUp(2)
    await createHook('web-up', {})
    const posted = await post(`${await url('web-up')}?dryRun=true`)
    expect(posted.body).toMatchObject({ message: 'Deployment/web would go from 2 to 3', dryRun: true, from: 2, to: 3 })
    expect(await replicas('web')).toBe(2)
  })

  it('steps when an alert fires, and not when it is resolved, partly or wholly', async () => {
    const { createHook, replicas, url } = await setUp(2)
    await createHook('web-up', {})
    const address = await url('web-up')
    expect((await post(address, notification('firing', 'first notification'))).body).toMatchObject({
      outcome: 'applied',
      to: 3,
    })
    const some = notification('firing', 'some alerts resolved')
    const [ended] = notification('resolved', 'some alerts resolved').alerts
    const alerts = [...some.alerts, { ...ended, fingerprint: 'another' }]
    expect((await post(address, { ...some, alerts })).body).toMatchObject({
      outcome: 'skipped',
      reason: 'PartlyResolved',
    })
    expect(await post(address, notification('resolved', 'all alerts resolved'))).toMatchObject({
      status: 200,
      body: { outcome: 'skipped', reason: 'Resolved' },
    })
    expect(await replicas('web')).toBe(3)
  })

  it.each(['StatefulSet', 'ReplicaSet'])('scales a %s as well', async kind => {
    const { api, createHook, namespace, url } = await setUp()
    const type = { group: 'apps', version: 'v1', resource: `${kind.toLowerCase()}s`, kind }
    const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'db' }] } }
    const spec = { replicas: 1, selector: { matchLabels: { app: 'db' } }, serviceName: 'db', template }
    if (kind === 'ReplicaSet') Reflect.deleteProperty(spec, 'serviceName')
    const path = `/apis/apps/v1/namespaces/${namespace}/${type.resource}`
    const body = JSON.stringify({ apiVersion: 'apps/v1', kind, metadata: { name: 'db' }, spec })
    await send(api, { method: 'POST', path, body })
    await createHook('db-up', { target: { kind, name: 'db' } })
    expect((await post(await url('db-up'))).body).toMatchObject({ message: `${kind}/db went from 1 to 2` })
  })
})

describe('a hook that is changed', () => {
  it('keeps its URL when it is edited, and acts as it now says', async () => {
    const { createHook, patchHook, url } = await setUp(10)
    await createHook('web-up', {})
    const before = await url('web-up')
    expect((await post(before)).body).toMatchObject({ outcome: 'unchanged' })
    await patchHook('web-up', { spec: { scale: { max: 11 } } })
    expect(await url('web-up')).toBe(before)
    expect((await post(before)).body).toMatchObject({ outcome: 'applied', from: 10, to: 11 })
  })

  it('is seen by the trigger, to suspend the hook and to resume it', async () => {
    const { createHook, patchHook, until, url } = await setUp(5)
    await createHook('web-up', { max: 1000 })
    const address = await url('web-up')
    await patchHook('web-up', { spec: { suspend: true } })
    const suspended = await until(
      () => post(address),
      ({ body }) => body['reason'] === 'Suspended',
    )
    expect(suspended.status).toBe(200)
    await patchHook('web-up', { spec: { suspend: false } })
    const resumed = await until(
      () => post(address),
      ({ body }) => body['outcome'] === 'applied',
    )
    expect(resumed.status).toBe(200)
  })

  it('has a new URL after a rotation; the old one is accepted for the overlap, or not at all', async () => {
    const { createHook, patchHook, until, url } = await setUp(2)
    await createHook('web-up', {})
    const first = await url('web-up')
    await patchHook('web-up', { spec: { token: { rotation: 1 } } })
    const second = await url('web-up')
    expect(second).not.toBe(first)
    expect((await post(first)).status).toBe(200)
    expect((await post(second)).status).toBe(200)
    await patchHook('web-up', { spec: { token: { rotation: 2, overlap: '0s' } } })
    const third = await url('web-up')
    await until(
      () => post(second),
      ({ status }) => status === 410,
    )
    expect(await post(first)).toMatchObject({ status: 410, body: { reason: 'TokenRotated' } })
    expect((await post(third)).status).toBe(200)
  })

  it('is gone with its URL when it is deleted, and a new one of its name has another URL', async () => {
    const { api, createHook, namespace, replicas, until, url } = await setUp(2)
    await createHook('web-up', {})
    const address = await url('web-up')
    await api.request({ method: 'DELETE', path: objectPath(hooks, namespace, 'web-up'), lane: 'bulk', timeoutMs: 5000 })
    const gone = await until(
      () => post(address),
      ({ status }) => status === 410,
    )
    expect(gone.body).toMatchObject({ reason: 'HookDeleted' })
    const before = await replicas('web')
    await createHook('web-up', {})
    const again = await url('web-up')
    expect(again).not.toBe(address)
    expect((await post(address)).status).toBe(410)
    expect((await post(again)).body).toMatchObject({ outcome: 'applied', from: before })
  })
})

describe('a post that cannot run a hook', () => {
  it('gets one and the same 404 for every token that was not signed here', async () => {
    const { createHook, triggerPort, url } = await setUp()
    await createHook('web-up', {})
    const address = await url('web-up')
    const answers = await Promise.all(
      [
        address.slice(0, -6),
        `${address}AAAA`,
        address.replace(/\.[^.]+$/, `.${'A'.repeat(86)}`),
        `http://127.0.0.1:${triggerPort}/v1/trigger/x`,
        `http://127.0.0.1:${triggerPort}/v1/trigger/%E0%A4%A`,
        `http://127.0.0.1:${triggerPort}/elsewhere`,
      ].map(bad => post(bad)),
    )
    for (const answer of answers) {
      expect(answer.status).toBe(404)
      expect(answer.body).toEqual(answers[0]?.body)
    }
  })

  it('runs nothing on GET', async () => {
    const { createHook, replicas, url } = await setUp(2)
    await createHook('web-up', {})
    const got = await post(await url('web-up'), undefined, { method: 'GET' })
    expect(got).toMatchObject({ status: 405, body: { reason: 'MethodNotAllowed' } })
    expect(got.headers.get('allow')).toBe('POST')
    expect(await replicas('web')).toBe(2)
  })

  it('is answered that its body is too large or too deep', async () => {
    const { createHook, replicas, url } = await setUp(2)
    await createHook('web-up', {})
    const address = await url('web-up')
    const large = await post(address, undefined, { body: 'x'.repeat(1024 * 1024 + 1) })
    expect(large).toMatchObject({ status: 413, body: { reason: 'BodyTooLarge' } })
    const deep = await post(address, undefined, { body: `${'['.repeat(65)}${']'.repeat(65)}` })
    expect(deep).toMatchObject({ status: 400, body: { reason: 'BodyTooDeep' } })
    const cut = await post(address, undefined, { body: '{"status":"resolved"' })
    expect(cut).toMatchObject({ status: 400, body: { reason: 'BodyUnreadable' } })
    expect(await replicas('web')).toBe(2)
    expect((await post(address, undefined, { body: 'no JSON' })).status).toBe(200)
  })

  it('finds the target missing, as the hook says; when it appears the hook is ready and works', async () => {
    const { api, createDeployment, createHook, hook, namespace, until, url } = await setUp()
    await api.request({
      method: 'DELETE',
      path: objectPath(deployments, namespace, 'web'),
      lane: 'bulk',
      timeoutMs: 5000,
    })
    await createHook('web-up', {})
    const address = await url('web-up')
    expect(await post(address)).toMatchObject({ status: 422, body: { outcome: 'failed', reason: 'TargetNotFound' } })
    const waiting = await hook('web-up')
    expect(condition(waiting, 'Ready')).toMatchObject({ status: 'False', reason: 'TargetNotFound' })
    expect(condition(waiting, 'Reconciling')).toMatchObject({ status: 'True' })
    await createDeployment('web', 1)
    const ready = await until(() => hook('web-up'), isReady)
    expect(condition(ready, 'Reconciling')).toBeUndefined()
    expect((await post(address)).body).toMatchObject({ outcome: 'applied', from: 1, to: 2 })
  })

  it('is refused where an autoscaler sets the count, and works again when that is gone', async () => {
    const { api, createHook, hook, namespace, replicas, until, url } = await setUp(2)
    await createHook('web-up', {})
    const address = await url('web-up')
    const path = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`
    const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 5 }
    await send(api, { method: 'POST', path, body: JSON.stringify({ metadata: { name: 'web-hpa' }, spec }) })
    const stalled = await until(
      () => hook('web-up'),
      seen => condition(seen, 'Stalled') !== undefined,
    )
    expect(condition(stalled, 'Stalled')).toMatchObject({ status: 'True', reason: 'ManagedByAutoscaler' })
    expect(stringAt(condition(stalled, 'Ready'), 'message')).toContain('HorizontalPodAutoscaler/web-hpa')
    const refused = await until(
      () => post(address),
      ({ status }) => status === 422,
    )
    expect(refused.body).toMatchObject({ outcome: 'failed', reason: 'ManagedByAutoscaler' })
    await api.request({ method: 'DELETE', path: `${path}/web-hpa`, lane: 'bulk', timeoutMs: 5000 })
    await until(() => hook('web-up'), isReady)
    const before = await replicas('web')
    const works = await until(
      () => post(address),
      ({ status }) => status === 200,
    )
    expect(works.body).toMatchObject({ outcome: 'applied', from: before })
  })

  it('is refused with the name of the owner where another controller owns the target', async () => {
    const { api, createDeployment, createHook, hook, namespace, url } = await setUp(2)
    const owner = await createDeployment('owner', 1)
    const { uid } = owner.metadata
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'owner', uid, controller: true }]
    await send(api, {
      method: 'PATCH',
      path: objectPath(deployments, namespace, 'web'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { ownerReferences } }),
    })
    await createHook('web-up', {})
    const posted = await post(await url('web-up'))
    expect(posted).toMatchObject({ status: 422, body: { reason: 'OwnedByController' } })
    expect(posted.body['message']).toContain('Deployment/owner')
    expect(condition(await hook('web-up'), 'Stalled')).toMatchObject({ reason: 'OwnedByController' })
  })
})

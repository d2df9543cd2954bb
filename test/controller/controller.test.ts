import { describe, expect, test } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { OwnerReference } from '../../src/api/object.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { autoscalers, hooks, secrets } from '../../src/kube/resources.ts'
import { signingKeysSecret } from '../../src/token/published.ts'
import { deployments, installation, publicURL, readyReason, shop, system, trueConditions } from './installation.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f']

/** Returns an installation with a Deployment and six hooks on it. */
const withHooks = async () => {
  const x = await installation()
  await x.createDeployment('web')
  for (const name of names) await x.createHook(name)
  const allMinted = () => x.until(x.tokens, tokens => names.every(name => tokens[name] !== undefined))
  return { ...x, allMinted }
}

const statusWrites = (writes: readonly string[]): number => writes.filter(write => write.endsWith('/status')).length

describe('a controller', () => {
  test('publishes the URL of a hook, and says that it is in order', async () => {
    const x = await installation()
    await x.createDeployment('web')
    const { metadata } = await x.createHook('web-up')
    x.start()
    const hook = await x.becomes('web-up', 'Valid')
    const token = stringAt(hook, 'status', 'token')
    expect(await x.verify(token)).toEqual({
      verdict: 'valid',
      claims: { namespace: shop, name: 'web-up', uid: metadata.uid, rotation: 0 },
      id: at(hook, 'status', 'minted', 'id'),
    })
    expect(hook['status']).toMatchObject({
      observedGeneration: 1,
      target: 'Deployment/web',
      triggerURL: `${publicURL}/v1/trigger/${token}`,
      minted: { rotation: 0 },
    })
    expect(trueConditions(hook)).toEqual(['Ready'])
  })

  test('serves a hook that is made later, and leaves one alone that is being deleted', async () => {
    const x = await installation()
    await x.createDeployment('web')
    x.start()
    await x.pass(5000)
    await x.createHook('web-up')
    await x.becomes('web-up', 'Valid')
    await x.createHook('going')
    await x.patchHook('going', { metadata: { finalizers: ['example.com/wait'] } })
    await x.reconciled('going')
    await x.remove(hooks, shop, 'going')
    const { metadata } = await x.hook('going')
    await x.pass(600_000)
    expect((await x.hook('going')).metadata.resourceVersion).toBe(metadata.resourceVersion)
  })

  test('keeps the URL when the hook is edited', async () => {
    const x = await installation()
    await x.createDeployment('web')
    await x.createHook('web-up')
    x.start()
    const before = await x.becomes('web-up', 'Valid')
    await x.patchHook('web-up', { spec: { suspend: true, scale: { max: 99 } } })
    const after = await x.reconciled('web-up')
    expect(at(after, 'status', 'observedGeneration')).toBe(2)
    expect(at(after, 'status', 'token')).toBe(at(before, 'status', 'token'))
  })

  test('writes a URL again when URLs begin otherwise, with the same token', async () => {
    const x = await withHooks()
    const first = x.start()
    const tokens = await x.allMinted()
    await first.stop()
    x.start('second', { publicURL: 'https://other.example.com' })
    const moved = await x.until(
      () => x.hook('a'),
      hook => stringAt(hook, 'status', 'triggerURL')?.startsWith('https://other.') === true,
    )
    expect(at(moved, 'status', 'token')).toBe(tokens['a'])
  })
})

test.each([
  ['MachineDeployment', undefined, 'Cluster API'],
  ['Cluster', 'provisioning.cattle.io/v1', 'Rancher'],
])('a hook on a %s of %s says in its status to install what brings the kind', async (kind, apiVersion, bringer) => {
  const x = await installation()
  const pool = kind === 'Cluster' ? { pool: 'workers' } : {}
  const target = { kind, name: 'nodes', ...pool, ...(apiVersion !== undefined && { apiVersion }) }
  await x.createHook('nodes', { driver: 'scaleNodes', scale: null, scaleNodes: { target, action: 'up', max: 3 } })
  x.start()
  const hook = await x.becomes('nodes', 'TargetNotFound')
  expect(trueConditions(hook)).toEqual(['Reconciling'])
  const conditions = JSON.stringify(at(hook, 'status', 'conditions'))
  expect(conditions).toContain(`does not know the kind ${kind}`)
  expect(conditions).toContain(bringer)
})

test('a controller whose Lease was set back writes neither the Lease nor anything else', async () => {
  const x = await withHooks()
  const first = x.start()
  await x.allMinted()
  await first.stop()
  const second = x.start('second', { seeing: () => () => false })
  await x.pass(60_000)
  expect(second.requests.filter(({ method }) => method !== 'GET')).toEqual([])
  expect(second.lines.join()).toContain('so this process leaves the lease as it is')
})

describe('a controller that starts again', () => {
  test('writes nothing but its lease, and changes no URL', async () => {
    const x = await withHooks()
    await x.createHook('secret', { token: { secretName: 'web-url' } })
    await x.createHook('expiring', { token: { expiresAfter: '24h' } })
    await x.createHook('lost', {}, { target: { name: 'nowhere' } })
    const first = x.start()
    await x.allMinted()
    await x.becomes('secret', 'Valid')
    await x.becomes('lost', 'TargetNotFound')
    await x.becomes('expiring', 'Valid')
    await first.stop()
    const before = await Promise.all([...names, 'secret', 'expiring', 'lost'].map(x.hook))
    const second = x.start('second')
    await x.pass(60_000)
    expect(second.ready()).toBe(true)
    expect(second.requests.filter(request => request.path.endsWith('/deployments/web')).length).toBeGreaterThan(7)
    expect(second.writes).toEqual([])
    expect(await Promise.all([...names, 'secret', 'expiring', 'lost'].map(x.hook))).toEqual(before)
  })

  test.each([1, 2, 3, 4, 5, 6])('after it was killed with %i of 6 statuses written goes on from there', async k => {
    const x = await withHooks()
    let arrived = 0
    const killed = x.start('killed', {
      before: request => {
        if (!request.path.endsWith('/status')) return undefined
        if (arrived === k) return new Promise(() => {})
        arrived += 1
        return undefined
      },
      after: (request, process) => {
        if (request.path.endsWith('/status') && arrived === k) process.crash()
      },
    })
    await x.until(x.tokens, tokens => Object.values(tokens).filter(Boolean).length === k)
    const before = await x.tokens()
    const second = x.start('second')
    const after = await x.allMinted()
    await x.pass(30_000)
    expect(after).toMatchObject(Object.fromEntries(Object.entries(before).filter(([, token]) => token !== undefined)))
    expect(statusWrites(second.writes)).toBe(6 - k)
    expect(second.writes).toHaveLength(6 - k)
    expect(killed.writes.length).toBeGreaterThanOrEqual(k + 2)
    expect(await x.events()).toEqual([])
  })
})

describe('two controllers that start at once', () => {
  test('end with one key and one URL for each hook, and one of them writes', async () => {
    const x = await withHooks()
    const both = [x.start('one'), x.start('two')]
    const tokens = await x.allMinted()
    await x.pass(60_000)
    expect(await x.tokens()).toEqual(tokens)
    for (const name of names) expect(await x.verify(tokens[name])).toMatchObject({ verdict: 'valid' })
    expect(both.map(process => statusWrites(process.writes))).toSatisfy(
      ([one, two]: number[]) => one === 0 || two === 0,
    )
    expect(both.reduce((sum, process) => sum + statusWrites(process.writes), 0)).toBe(6)
    expect(await x.events()).toEqual([])
  })

  test('take over from each other without a change of URL', async () => {
    const x = await withHooks()
    const one = x.start('one')
    const tokens = await x.allMinted()
    const two = x.start('two')
    await x.pass(5000)
    one.crash()
    await x.pass(30_000)
    await x.createHook('late')
    await x.becomes('late', 'Valid')
    expect(await x.tokens()).toMatchObject(tokens)
    expect(statusWrites(two.writes)).toBe(1)
  })
})

describe('a leader', () => {
  test('that lost its lease while it looked at a hook writes nothing of what it found', async () => {
    const x = await installation()
    await x.createDeployment('web')
    await x.createHook('web-up')
    let cut = false
    let answer = (): void => {}
    const held = new Promise<void>(resolve => (answer = resolve))
    const isLook = ({ path }: ApiRequest): boolean => path.endsWith('/deployments/web')
    const process = x.start('first', {
      before: request => {
        if (cut && request.lane === 'lease') return Promise.reject(new Unreachable('no route', true))
        return isLook(request) ? held.then(() => x.api.request(request)) : undefined
      },
    })
    await x.until(
      async () => process.requests.some(isLook),
      looked => looked,
    )
    cut = true
    await x.pass(12_000)
    answer()
    await x.pass(1000)
    expect(statusWrites(process.writes)).toBe(0)
    expect((await x.hook('web-up'))['status']).toEqual({ observedGeneration: -1 })
  })

  test('whose hook changes under its hands looks again, and makes no noise about it', async () => {
    const x = await installation()
    await x.createDeployment('web')
    await x.createHook('web-up')
    let changed = false
    const process = x.start('first', {
      before: request => {
        if (!request.path.endsWith('/status') || changed) return undefined
        changed = true
        return x.patchHook('web-up', { spec: { suspend: true } }).then(() => x.api.request(request))
      },
    })
    expect((await x.becomes('web-up', 'Suspended')).metadata.generation).toBe(2)
    expect(statusWrites(process.writes)).toBe(2)
    expect(process.lines.filter(line => line.includes('trying again'))).toEqual([])
  })
})

describe('a target', () => {
  test('that does not exist yet keeps its hook Reconciling, with a URL, until it does', async () => {
    const x = await installation()
    await x.createHook('web-up')
    x.start()
    const waiting = await x.becomes('web-up', 'TargetNotFound')
    expect(trueConditions(waiting)).toEqual(['Reconciling'])
    expect(stringAt(waiting, 'status', 'triggerURL')).toBeDefined()
    await x.pass(120_000)
    expect(await x.hookEvents()).toMatchObject([
      {
        type: 'Warning',
        reason: 'TargetNotFound',
        action: 'Reconcile',
        note: 'there is no Deployment/web in namespace shop. Create it, or correct `target`. The hook becomes Ready by itself when the target appears.',
        regarding: { kind: 'ReceiverHook', namespace: 'shop', name: 'web-up', uid: waiting.metadata.uid },
        related: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
      },
    ])
    const { resourceVersion } = (await x.hook('web-up')).metadata
    expect(resourceVersion).toBe(waiting.metadata.resourceVersion)
    await x.createDeployment('web')
    await x.pass(16_000)
    const ready = await x.hook('web-up')
    expect(readyReason(ready)).toBe('Valid')
    expect(at(ready, 'status', 'token')).toBe(at(waiting, 'status', 'token'))
  })

  test('that a cache of the API server does not know yet is there', async () => {
    const x = await installation()
    await x.createDeployment('web')
    await x.createHook('web-up')
    const late = { status: 404, headers: {}, body: JSON.stringify({ kind: 'Status', details: { name: 'web' } }) }
    const { requests } = x.start('one', {
      before: ({ path, query }) =>
        path.endsWith('/deployments/web') && query?.['resourceVersion'] === '0' ? Promise.resolve(late) : undefined,
    })
    expect(readyReason(await x.reconciled('web-up'))).toBe('Valid')
    expect(requests.filter(({ path }) => path.endsWith('/deployments/web'))).toHaveLength(2)
  })

  test('that is gone is noticed within some minutes', async () => {
    const x = await installation()
    await x.createDeployment('web')
    await x.createHook('web-up')
    x.start()
    await x.becomes('web-up', 'Valid')
    await x.remove(deployments, shop, 'web')
    await x.pass(370_000)
    expect(readyReason(await x.hook('web-up'))).toBe('TargetNotFound')
    expect(await x.hookEvents()).toMatchObject([{ reason: 'TargetNotFound' }])
  })

  test('whose problem changes gets one more Event, and a leader that takes over repeats nothing', async () => {
    const x = await installation()
    await x.createHook('web-up')
    const first = x.start()
    await x.becomes('web-up', 'TargetNotFound')
    await x.patchHook('web-up', { spec: { when: 'nobody == 1' } })
    await x.becomes('web-up', 'InvalidExpression')
    await x.pass(1000)
    await first.stop()
    x.start('second')
    await x.pass(60_000)
    // The list is in the order of the Events' names, which are random.
    const reasons = (await x.hookEvents()).map(event => stringAt(event, 'reason'))
    expect(reasons).toHaveLength(2)
    expect(new Set(reasons)).toEqual(new Set(['InvalidExpression', 'TargetNotFound']))
  })
})

describe('a bad hook', () => {
  test('gets its URL, is Stalled, and harms no other', async () => {
    const x = await withHooks()
    await x.createHook('bad', { when: 'nobody == 1' })
    x.start()
    const bad = await x.becomes('bad', 'InvalidExpression')
    expect(trueConditions(bad)).toEqual(['Stalled'])
    expect(await x.verify(stringAt(bad, 'status', 'token'))).toMatchObject({ verdict: 'valid' })
    for (const name of names) await x.becomes(name, 'Valid')
  })

  test('that was stored before a rule of its selector is Stalled as InvalidHook', async () => {
    const x = await installation()
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/receiverhooks.receiverhooks.dev'
    const installed = await send(x.api, { method: 'GET', path })
    const before = JSON.stringify(installed, (name, value: unknown) =>
      name === 'x-kubernetes-validations' ? undefined : value,
    )
    await send(x.api, { method: 'PUT', path, body: before })
    const restart = { selector: { matchLabels: { app: 'web,tier' } } }
    const bad = { apiVersion, kind: hookKind, metadata: { name: 'bad' }, spec: { driver: 'restart', restart } }
    await create(x.api, hooks, shop, bad)
    x.start()
    expect(trueConditions(await x.becomes('bad', 'InvalidHook'))).toEqual(['Stalled'])
  })

  test('whose target cannot be read is tried again, less and less often, while all others are served', async () => {
    const x = await withHooks()
    await x.createHook('bad', {}, { target: { name: 'broken' } })
    const body = JSON.stringify({ kind: 'Status', reason: 'InternalError', message: 'etcd is on fire' })
    const process = x.start('first', {
      before: request =>
        request.path.endsWith('/broken') ? Promise.resolve({ status: 500, headers: {}, body }) : undefined,
    })
    for (const name of names) await x.becomes(name, 'Valid')
    await x.pass(60_000)
    const tries = process.requests.filter(request => request.path.endsWith('/broken')).length
    expect(tries).toBeGreaterThan(5)
    expect(tries).toBeLessThan(20)
    expect(process.lines.filter(line => line.includes('etcd is on fire')).length).toBe(tries)
  })

  test('whose target may not be read says which right is missing', async () => {
    const x = await installation()
    await x.createHook('web-up')
    const message = 'deployments.apps "web" is forbidden: User "receiver-hooks" cannot get resource "deployments"'
    const body = JSON.stringify({ kind: 'Status', reason: 'Forbidden', message })
    x.start('first', {
      before: request =>
        request.path.endsWith('/deployments/web') ? Promise.resolve({ status: 403, headers: {}, body }) : undefined,
    })
    const hook = await x.becomes('web-up', 'Forbidden')
    expect(JSON.stringify(at(hook, 'status', 'conditions'))).toContain('cannot get resource')
    expect(stringAt(hook, 'status', 'triggerURL')).toBeDefined()
  })

  test('whose token was taken out of its status by someone gets the same one back', async () => {
    const x = await installation()
    await x.createDeployment('web')
    await x.createHook('web-up')
    x.start()
    const before = await x.becomes('web-up', 'Valid')
    await x.api.request({
      method: 'PATCH',
      path: `/apis/receiverhooks.dev/v1alpha1/namespaces/${shop}/receiverhooks/web-up/status`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status: null }),
      lane: 'bulk',
      timeoutMs: 1,
    })
    const after = await x.becomes('web-up', 'Valid')
    expect(at(after, 'status', 'token')).toBe(at(before, 'status', 'token'))
  })
})

describe('an autoscaler', () => {
  const autoscaler = (name: string, target: object, ownerReferences: OwnerReference[] = []) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, ownerReferences },
    spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', ...target } },
  })

  test.each<[string, object, OwnerReference[], string]>([
    ['by its own name', {}, [], 'HorizontalPodAutoscaler/hpa'],
    ['with any version of the group', { apiVersion: 'apps/v1beta1' }, [], 'HorizontalPodAutoscaler/hpa'],
    [
      'by the name of the ScaledObject that made it',
      {},
      [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'so', uid: 'u', controller: true }],
      'ScaledObject/so',
    ],
  ])(
    'that appears stalls the hooks on its target, %s; and they are Ready when it is gone',
    async (_, target, owners, shown) => {
      const x = await installation()
      for (const name of ['web', 'other']) await x.createDeployment(name)
      await x.createHook('web-up')
      await x.createHook('other-up', {}, { target: { name: 'other' } })
      const process = x.start()
      const before = await x.becomes('web-up', 'Valid')
      await x.becomes('other-up', 'Valid')
      await create(x.api, autoscalers, shop, autoscaler('hpa', target, owners))
      await x.pass(200)
      const stalled = await x.hook('web-up')
      expect(readyReason(stalled)).toBe('ManagedByAutoscaler')
      expect(JSON.stringify(at(stalled, 'status', 'conditions'))).toContain(shown)
      expect(trueConditions(stalled)).toEqual(['Stalled'])
      await x.remove(autoscalers, shop, 'hpa')
      await x.pass(200)
      const after = await x.hook('web-up')
      expect(readyReason(after)).toBe('Valid')
      expect(at(after, 'status', 'token')).toBe(at(before, 'status', 'token'))
      expect(process.requests.filter(request => request.path.endsWith('/deployments/other'))).toHaveLength(1)
    },
  )

  test.each([
    ['of another group', { apiVersion: 'argoproj.io/v1alpha1' }],
    ['of another kind', { kind: 'StatefulSet' }],
    ['of another name', { name: 'web2' }],
  ])('on an object %s is none of the hook', async (_, target) => {
    const x = await installation()
    await x.createDeployment('web')
    await create(x.api, autoscalers, shop, autoscaler('hpa', target))
    await x.createHook('web-up')
    x.start()
    expect(readyReason(await x.reconciled('web-up'))).toBe('Valid')
  })

  test('that cannot be listed keeps no hook from working', async () => {
    const x = await installation()
    await x.createDeployment('web')
    await x.createHook('web-up')
    const body = JSON.stringify({ kind: 'Status', reason: 'Forbidden', message: 'no' })
    const process = x.start('first', {
      before: request =>
        request.path.endsWith('/horizontalpodautoscalers')
          ? Promise.resolve({ status: 403, headers: {}, body })
          : undefined,
    })
    await x.becomes('web-up', 'Valid')
    expect(process.lines.filter(line => line.includes("can't list HorizontalPodAutoscalers"))).toHaveLength(1)
  })
})

test('the private key is in its Secret and nowhere else', async () => {
  const x = await withHooks()
  const process = x.start()
  await x.allMinted()
  const secret = await read(x.api, secrets, system, signingKeysSecret)
  const jwks: unknown = JSON.parse(Buffer.from(stringAt(at(secret, 'data'), 'jwks.json') ?? '', 'base64').toString())
  const keys = at(jwks, 'keys')
  const d = stringAt(Array.isArray(keys) ? keys[0] : undefined, 'd') ?? ''
  expect(d).toMatch(/^[\w-]{43}$/)
  const all = JSON.stringify([process.lines, await Promise.all(names.map(x.hook))])
  expect(all).not.toContain(d)
  const bodies = process.requests.filter(request => !request.path.endsWith('/secrets')).map(request => request.body)
  expect(JSON.stringify(bodies)).not.toContain(d)
})

import { expect, test } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { recordKind } from '../../src/api/record.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, replace, send } from '../../src/kube/requests.ts'
import { hooks, records } from '../../src/kube/resources.ts'
import { emptyMemory, storedOf, type Memory } from '../../src/record/memory.ts'
import { conditionsIn, installation, shop } from './installation.ts'

/**
 * Sets up a hook whose record says that it has leased 5 of Deployment/web, and that it ran once. `more` is what else the record
 * says of that time.
 */
const setUp = async (more: (now: number) => Partial<Memory> = () => ({})) => {
  const x = await installation()
  await x.createDeployment('web')
  await x.createDeployment('api')
  const { metadata } = await x.createHook('web-up', { limits: [{ most: 3, within: '1h' }] }, { for: '1h' })
  const process = x.start()
  await x.becomes('web-up', 'Valid')
  const now = x.clock.now()
  const memory: Partial<Memory> = {
    recent: [{ at: now, sender: 'plain', outcome: 'applied', reason: 'Stepped', from: 2, to: 7 }],
    counts: { applied: 1 },
    objects: [{ target: 'apps/v1/deployments/Deployment/web', uid: 'w' }],
    parts: [{ key: 'a', object: 0, since: '1', delta: 5, at: now, until: now + 3_600_000 }],
    runs: [{ at: now, of: '' }],
    ...more(now),
  }
  await create(x.api, records, shop, {
    apiVersion,
    kind: recordKind,
    metadata: {
      name: 'web-up',
      namespace: shop,
      ownerReferences: [{ apiVersion, kind: hookKind, name: 'web-up', uid: metadata.uid }],
    },
    content: JSON.stringify(storedOf({ ...emptyMemory, ...memory })),
  })
  const untilSum = (sum: number) =>
    x.until(
      () => x.hook('web-up'),
      hook => (at(hook, 'status', 'leases', 'sum') ?? 0) === sum,
    )
  await untilSum(5)
  await x.pass(60_000)
  return { ...x, process, untilSum }
}

test('a hook that gets another target says soon that it has leased nothing of that', async () => {
  const x = await setUp()
  await x.patchHook('web-up', { spec: { scale: { target: { name: 'api' } } } })
  await x.reconciled('web-up')
  await x.pass(3000)
  const hook = await x.hook('web-up')
  expect(at(hook, 'status', 'target')).toBe('Deployment/api')
  expect(at(hook, 'status', 'leases')).toMatchObject({ open: 1, sum: 0, shown: [{ object: 'Deployment/web', by: 5 }] })

  await x.patchHook('web-up', { spec: { scale: { target: { name: 'web' } } } })
  await x.untilSum(5)
})

test('a hook whose limits are changed or removed says soon what is used of them', async () => {
  const x = await setUp()
  const limits = async () => at(await x.hook('web-up'), 'status', 'limits')
  expect(await limits()).toMatchObject([{ most: 3, used: 1 }])
  await x.patchHook('web-up', { spec: { limits: [{ most: 7, within: '2h' }] } })
  await x.pass(3000)
  expect(await limits()).toMatchObject([{ most: 7, within: '2h', used: 1 }])
  await x.patchHook('web-up', { spec: { limits: null } })
  await x.pass(3000)
  expect(await limits()).toBeUndefined()
})

test.each(['while a controller runs', 'while none runs'])(
  'a hook whose record is deleted %s says soon that it has leased nothing',
  async when => {
    const x = await setUp(now => ({ overdue: { at: now - 60_000, why: 'a policy is against it' } }))
    const types = async () => conditionsIn(await x.hook('web-up')).map(condition => at(condition, 'type'))
    expect(await types()).toContain('LeaseOverdue')
    if (when === 'while none runs') await x.process.stop()
    await x.remove(records, shop, 'web-up')
    if (when === 'while none runs') x.start('second')
    await x.pass(30_000)
    expect(at(await x.hook('web-up'), 'status', 'leases')).toBeUndefined()
    expect(at(await x.hook('web-up'), 'status', 'limits')).toBeUndefined()
    expect(await types()).not.toContain('LeaseOverdue')
  },
)

test.each(['without a record', 'with one'])(
  'a hook %s loses what another client has put into its status of leases',
  async which => {
    const x = await setUp()
    if (which === 'without a record') {
      await x.remove(records, shop, 'web-up')
      await x.untilSum(0)
    }
    const before = await x.hook('web-up')
    const time = new Date(x.clock.now() - 3_600_000).toISOString()
    const lease = { object: 'Deployment/web', by: 9, since: time, until: time, state: 'overdue' }
    const overdue = {
      type: 'LeaseOverdue',
      status: 'True',
      lastTransitionTime: time,
      reason: 'LeaseOverdue',
      message: '',
    }
    const conditions = [...conditionsIn(before), overdue]
    await send(x.api, {
      method: 'PATCH',
      path: objectPath(hooks, shop, 'web-up', 'status'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status: { leases: { open: 1, sum: 9, shown: [lease] }, conditions } }),
    })
    await x.pass(12_000)
    const after = await x.hook('web-up')
    expect(at(after, 'status', 'leases')).toEqual(at(before, 'status', 'leases'))
    expect(conditionsIn(after)).toEqual(conditionsIn(before))
    const writes = x.process.writes.length
    await x.pass(60_000)
    expect(x.process.writes).toHaveLength(writes)
  },
)

test('a hook whose record a later version has written keeps what its status says of leases', async () => {
  const x = await setUp()
  const { metadata } = (await read(x.api, records, shop, 'web-up', { lane: 'bulk', timeoutMs: 1000 })) ?? {}
  await replace(x.api, records, shop, {
    apiVersion,
    kind: recordKind,
    metadata: {
      name: 'web-up',
      namespace: shop,
      resourceVersion: metadata?.resourceVersion ?? '',
      ownerReferences: metadata?.ownerReferences ?? [],
    },
    content: JSON.stringify({ format: 99 }),
  })
  await x.pass(30_000)
  expect(at(await x.hook('web-up'), 'status', 'leases', 'sum')).toBe(5)
})

test('an edit that changes nothing of that costs one write', async () => {
  const x = await setUp()
  const before = x.process.writes.length
  await x.patchHook('web-up', { spec: { cooldown: '30s' } })
  await x.reconciled('web-up')
  await x.pass(20_000)
  expect(x.process.writes.slice(before)).toHaveLength(1)
})

test('a sender that asks for a confirmation gets one Event, however often the hook is edited later', async () => {
  const x = await setUp(now => ({ confirmation: { at: now, subject: '/a', link: 'https://a.eventgrid.azure.net/' } }))
  const asked = async () => {
    const events = await x.hookEvents()
    return events.filter(event => at(event, 'reason') === 'SubscriptionToConfirm')
  }
  const first = await x.until(asked, seen => seen.length > 0)
  for (const most of [7, 8]) {
    await x.patchHook('web-up', { spec: { limits: [{ most, within: '2h' }] } })
    await x.pass(600_000)
    expect(at(await x.hook('web-up'), 'status', 'limits')).toMatchObject([{ most }])
  }
  expect(await asked()).toEqual(first)
})

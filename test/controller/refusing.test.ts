import { expect, test } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { recordKind } from '../../src/api/record.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { emptyMemory, storedOf, type Memory } from '../../src/record/memory.ts'
import { create, replace } from '../../src/kube/requests.ts'
import { records } from '../../src/kube/resources.ts'
import { installation, shop } from './installation.ts'

const kinds = [
  ['RecordFull', 'fullAt'],
  ['WritesLimited', 'limitedAt'],
  ['LeaseTooShort', 'tooShortAt'],
  ['OutcomeUnknown', 'unknownAt'],
] as const

const setUp = async () => {
  const x = await installation()
  await x.createDeployment('web')
  const { metadata } = await x.createHook('web-up')
  const first = x.start()
  await x.becomes('web-up', 'Valid')
  const recordOf = (memory: Partial<Memory>, version?: string) => ({
    apiVersion,
    kind: recordKind,
    metadata: {
      name: 'web-up',
      namespace: shop,
      ...(version !== undefined && { resourceVersion: version }),
      ownerReferences: [{ apiVersion, kind: hookKind, name: 'web-up', uid: metadata.uid ?? '' }],
    },
    content: JSON.stringify(storedOf({ ...emptyMemory, ...memory })),
  })
  const reasons = async (): Promise<readonly unknown[]> => (await x.hookEvents()).map(event => at(event, 'reason'))
  const delivered = (time: number) =>
    ({
      recent: [{ at: time, sender: 'plain', outcome: 'applied', reason: 'Stepped', from: 1, to: 2 }],
      counts: { applied: 1 },
    }) as const
  const untilReported = () =>
    x.until(
      () => x.hook('web-up'),
      hook => at(hook, 'status', 'lastDelivery', 'outcome') === 'applied',
    )
  return { ...x, delivered, first, reasons, recordOf, untilReported }
}

test.each(kinds)(
  'deliveries that were refused get an Event, although none was decided since: %s',
  async (reason, refusedAt) => {
    const x = await setUp()
    const delivered = x.delivered(x.clock.now())
    const stored = await create(x.api, records, shop, x.recordOf(delivered))
    await x.untilReported()
    await x.pass(20_000)
    expect(await x.reasons()).not.toContain(reason)

    const full = x.recordOf({ ...delivered, [refusedAt]: x.clock.now() }, stored.metadata.resourceVersion)
    await replace(x.api, records, shop, full)
    await x.until(x.reasons, seen => seen.includes(reason))
    const { resourceVersion } = (await x.hook('web-up')).metadata
    await x.pass(20_000)
    expect((await x.hook('web-up')).metadata.resourceVersion).toBe(resourceVersion)
  },
)

test.each(kinds)('they get one where none was ever decided: %s', async (reason, refusedAt) => {
  const x = await setUp()
  await create(x.api, records, shop, x.recordOf({ [refusedAt]: x.clock.now() }))
  expect(await x.until(x.reasons, seen => seen.includes(reason))).toContain(reason)
})

test.each(kinds)('they get no second one from a later controller: %s', async (reason, refusedAt) => {
  const x = await setUp()
  await create(x.api, records, shop, x.recordOf({ [refusedAt]: x.clock.now() }))
  await x.until(x.reasons, seen => seen.includes(reason))
  await x.first.stop()
  await x.pass(3_600_000)
  const before = await x.hookEvents()
  x.start('second')
  await x.pass(30_000)
  expect(await x.hookEvents()).toEqual(before)
})

test.each(kinds)('they get one, once, where a later delivery was reported first: %s', async (reason, refusedAt) => {
  const x = await setUp()
  const delivered = { ...x.delivered(x.clock.now()), [refusedAt]: x.clock.now() - 5000 }
  const stored = await create(x.api, records, shop, x.recordOf(x.delivered(x.clock.now())))
  await x.untilReported()
  const late = await replace(x.api, records, shop, x.recordOf(delivered, stored.metadata.resourceVersion))
  await x.until(x.reasons, seen => seen.includes(reason))
  await x.pass(20_000)
  const before = (await x.hookEvents()).map(event => at(event, 'series', 'count'))
  await replace(x.api, records, shop, x.recordOf({ ...delivered, ranAt: x.clock.now() }, late.metadata.resourceVersion))
  await x.pass(20_000)
  expect((await x.hookEvents()).map(event => at(event, 'series', 'count'))).toEqual(before)
})

test('a lease that cannot end gets an Event that says why, once, and so does a later one', async () => {
  const x = await setUp()
  const notes = async (): Promise<readonly unknown[]> =>
    (await x.hookEvents()).filter(event => at(event, 'reason') === 'LeaseOverdue').map(event => at(event, 'note'))
  const [early, late] = [x.clock.now() - 90_000, x.clock.now() - 70_000]
  const { metadata } = await create(x.api, records, shop, x.recordOf({ overdue: { at: early, why: 'a policy' } }))
  expect(await x.until(notes, seen => seen.length > 0)).toEqual([
    expect.stringContaining(`a lease should have ended at ${rfc3339(early)}: a policy. The hook keeps trying`),
  ])
  const again = x.recordOf({ overdue: { at: early, why: 'a policy' }, ranAt: early }, metadata.resourceVersion)
  const { metadata: stored } = await replace(x.api, records, shop, again)
  await x.pass(20_000)
  expect(await notes()).toHaveLength(1)
  await replace(x.api, records, shop, x.recordOf({ overdue: { at: late, why: 'no right' } }, stored.resourceVersion))
  const later: unknown = expect.stringContaining(`${rfc3339(late)}: no right`)
  expect(await x.until(notes, seen => seen.length > 1)).toContainEqual(later)
})

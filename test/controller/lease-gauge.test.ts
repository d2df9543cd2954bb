import { expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { leaseGauges } from '../../src/controller/hook-gauges.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { specDefaults } from '../support/hooks.ts'

const hook = (name: string, status: object, namespace = 'shop'): ReceiverHook => {
  const made: ReceiverHook = {
    metadata: { name, namespace, uid: name, resourceVersion: '1', generation: 1, creationTimestamp: '' },
    spec: {
      driver: 'scale',
      ...specDefaults,
    },
  }
  // A status of another version may have any form.
  return Object.assign(made, { status })
}

const leases = (sum: number, ...shown: readonly object[]): object => ({
  target: 'Deployment/web',
  leases: { open: shown.length, sum, shown },
})

const setUp = () => {
  const metrics = promMetrics()
  const lines = async (): Promise<readonly string[]> =>
    (await metrics.text()).split('\n').filter(line => /^receiverhooks_(?:held|lease\w+)\{/.test(line))
  return { count: leaseGauges(metrics), lines }
}

it('sums up what hooks have leased of an object, and shows none where nothing is', async () => {
  const { count, lines } = setUp()
  const [up, down] = [
    hook('web-up', leases(5, { object: 'Deployment/web', by: 3 }, { object: 'Cluster/east pool workers', by: 1 })),
    hook('web-down', leases(-2, { object: 'Deployment/web', by: -2, state: 'overdue' })),
  ]
  count({ before: undefined, now: up })
  count({ before: undefined, now: down })
  expect(await lines()).toEqual([
    'receiverhooks_leased{namespace="shop",kind="Deployment",name="web"} 3',
    'receiverhooks_leased{namespace="shop",kind="Cluster",name="east pool workers"} 1',
    'receiverhooks_leases_overdue{namespace="shop",hook="web-down"} 1',
  ])
  count({ before: up, now: hook('web-up', { target: 'Deployment/web' }) })
  expect(await lines()).toEqual([
    'receiverhooks_leased{namespace="shop",kind="Deployment",name="web"} -2',
    'receiverhooks_leases_overdue{namespace="shop",hook="web-down"} 1',
  ])
  count({ before: down, now: undefined })
  expect(await lines()).toEqual([])
})

it('counts the holds of an object, and not those that somebody else has overruled', async () => {
  const { count, lines } = setUp()
  const suspend = { object: 'CronJob/report suspend=true', by: 1 }
  const holding = (state: string) => ({
    target: suspend.object,
    leases: { open: 1, sum: 1, shown: [{ ...suspend, state }] },
  })
  const [one, other] = [hook('one', holding('open')), hook('other', holding('held'))]
  count({ before: undefined, now: one })
  count({ before: undefined, now: other })
  expect(await lines()).toEqual(['receiverhooks_held{namespace="shop",kind="CronJob",name="report"} 2'])
  count({ before: other, now: undefined })
  count({ before: one, now: hook('one', holding('overruled')) })
  expect(await lines()).toEqual([])
})

it('takes no series from a status of another form', async () => {
  const { count, lines } = setUp()
  for (const status of [{}, { leases: 1 }, { leases: { shown: [null, { by: 'x', object: 'a/b' }], sum: 'y' } }]) {
    count({ before: undefined, now: hook('web-up', status) })
  }
  expect(await lines()).toEqual([])
})

/** Returns a hook with leases of an object of its own, of which some are overdue. */
const overdue = (namespace: string, index: number, by = 1, late = 1): ReceiverHook => {
  const shown = Array.from({ length: late }, () => ({ object: `Deployment/d-${index}`, by: 0, state: 'overdue' }))
  return hook(`hook-${index}`, { target: `Deployment/d-${index}`, leases: { sum: by, shown } }, namespace)
}

const indexes = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

it('shows at most 500 objects of a namespace, sums up its others, and shows another one where one has ended', async () => {
  const { count, lines } = setUp()
  const last = async () => (await lines()).filter(line => line.startsWith('receiverhooks_leased{')).slice(-1)
  for (const index of indexes(503)) count({ before: undefined, now: overdue('shop', index, 1, 0) })
  expect(await lines()).toHaveLength(501)
  expect(await last()).toEqual(['receiverhooks_leased{namespace="shop",kind="",name=""} 3'])
  count({ before: overdue('shop', 0, 1, 0), now: undefined })
  count({ before: overdue('shop', 500, 1, 0), now: overdue('shop', 500, 2, 0) })
  expect(await last()).toEqual(['receiverhooks_leased{namespace="shop",kind="Deployment",name="d-500"} 2'])
  expect(await lines()).toContain('receiverhooks_leased{namespace="shop",kind="",name=""} 2')
  for (const index of [501, 502]) count({ before: overdue('shop', index, 1, 0), now: undefined })
  expect(await lines()).toHaveLength(500)
})

it('shows what is overdue in other namespaces than one with hooks without number', async () => {
  const { count, lines } = setUp()
  for (const index of indexes(2000)) count({ before: undefined, now: overdue('crowd', index) })
  count({ before: undefined, now: overdue('shop', 1) })
  expect((await lines()).at(-1)).toBe('receiverhooks_leases_overdue{namespace="shop",hook="hook-1"} 1')
})

it('names the namespace at least, where crowded ones leave no place for a hook', async () => {
  const { count, lines } = setUp()
  const crowds = ['a', 'b', 'c'].flatMap(namespace => indexes(600).map(index => overdue(namespace, index)))
  for (const now of crowds) count({ before: undefined, now })
  count({ before: undefined, now: overdue('shop', 1, 1, 2) })
  const all = await lines()
  expect(all).toContain('receiverhooks_leases_overdue{namespace="shop",hook=""} 2')
  expect(all.length).toBeLessThanOrEqual(2 * 1_004)
  const sum = all.reduce((total, line) => total + Number(/overdue\{.* (\d+)$/.exec(line)?.[1] ?? 0), 0)
  expect(sum).toBe(1802)
  for (const before of crowds) count({ before, now: undefined })
  count({ before: overdue('shop', 1, 1, 2), now: overdue('shop', 1) })
  expect(await lines()).toEqual([
    'receiverhooks_leased{namespace="shop",kind="Deployment",name="d-1"} 1',
    'receiverhooks_leases_overdue{namespace="shop",hook="hook-1"} 1',
  ])
})

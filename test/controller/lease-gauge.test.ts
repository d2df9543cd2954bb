import { expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { leaseGauges } from '../../src/controller/lease-gauge.ts'
import { promMetrics } from '../../src/environment/metrics.ts'

const hook = (name: string, status: object): ReceiverHook => {
  const made: ReceiverHook = {
    metadata: { name, namespace: 'shop', uid: name, resourceVersion: '1', generation: 1, creationTimestamp: '' },
    spec: {
      driver: 'scale',
      suspend: false,
      onResolved: 'ignore',
      cooldown: '0s',
      dedupeWindow: '40s',
      token: { rotation: 0, overlap: '5m' },
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
    (await metrics.text()).split('\n').filter(line => /^receiverhooks_lease\w+\{/.test(line))
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

it('takes no series from a status of another form', async () => {
  const { count, lines } = setUp()
  for (const status of [{}, { leases: 1 }, { leases: { shown: [null, { by: 'x', object: 'a/b' }], sum: 'y' } }]) {
    count({ before: undefined, now: hook('web-up', status) })
  }
  expect(await lines()).toEqual([])
})

it('shows at most 1,000 objects, and another one where one has no leases any more', async () => {
  const { count, lines } = setUp()
  const of = (index: number): ReceiverHook =>
    hook(`hook-${index}`, { target: `Deployment/d-${index}`, leases: { sum: 1 } })
  for (let index = 0; index < 1_001; index++) count({ before: undefined, now: of(index) })
  expect(await lines()).toHaveLength(1_000)
  count({ before: of(0), now: undefined })
  count({ before: of(1_000), now: hook('hook-1000', { target: 'Deployment/d-1000', leases: { sum: 2 } }) })
  expect((await lines()).at(-1)).toBe('receiverhooks_leased{namespace="shop",kind="Deployment",name="d-1000"} 2')
})

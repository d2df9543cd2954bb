import { expect, it } from 'vitest'
import { maxShownLeases } from '../../src/api/status.ts'
import { leasesIn } from '../../src/controller/leases.ts'

const now = Date.UTC(2026, 0, 1)
const objects = [
  { target: 'apps/v1/deployments/Deployment/web', uid: 'w' },
  {
    target: 'cluster.x-k8s.io/v1beta2/clusters/Cluster/prod spec.topology.workers.machineDeployments[blue].replicas',
    uid: 'c',
  },
]

it('the status of a hook shows what it has leased, and when that ends', () => {
  const parts = [
    { key: 'b', object: 1, since: '1', delta: -1, at: now, until: now + 120_000 },
    { key: 'a', object: 0, since: '1', delta: 2, at: now, until: now + 60_000, of: 'alertmanager: WebBusy' },
    { key: 'c', object: 0, since: '1', delta: 3, at: now, until: now - 5000, held: true },
    { key: 'd', object: 0, since: '1', delta: 4, at: now, until: now - 90_000 },
    { key: 'e', object: 0, since: '1', delta: 9, at: now },
  ]
  const leases = leasesIn({ objects, parts, overdue: { at: now - 90_000, why: 'a policy' } }, 'Deployment/web')
  expect(leases).toMatchObject({ open: 4, sum: 9, next: '2026-01-01T00:01:00Z' })
  expect(leases?.shown.map(({ by, object, state }) => [object, by, state])).toEqual([
    ['Deployment/web', 4, 'overdue'],
    ['Deployment/web', 3, 'held'],
    ['Deployment/web', 2, 'open'],
    ['Cluster/prod pool blue', -1, 'open'],
  ])
  expect(leases?.shown[2]).toMatchObject({ of: 'alertmanager: WebBusy', until: '2026-01-01T00:01:00Z' })
})

it('shows few of many, and nothing where nothing is leased', () => {
  const parts = Array.from({ length: 30 }, (_, i) => ({
    key: `${i}`,
    object: 0,
    since: '1',
    delta: 1,
    at: now,
    until: now + i,
  }))
  expect(leasesIn({ objects, parts }, 'Deployment/web')).toMatchObject({ open: 30, sum: 30 })
  expect(leasesIn({ objects, parts }, 'Deployment/web')?.shown.length).toBe(maxShownLeases)
  expect(
    leasesIn({ objects, parts: [{ key: 'a', object: 0, since: '1', delta: 1, at: now }] }, undefined),
  ).toBeUndefined()
  expect(leasesIn({}, undefined)).toBeUndefined()
})

it('shows that a lease ends by `endBefore`, and that it is overdue if it did not', () => {
  const parts = [{ key: 'a', object: 0, since: '1', delta: 2, at: now - 60_000, until: now + 3_600_000 }]
  const web = 'Deployment/web'
  expect(leasesIn({ objects, parts }, web, now + 60_000)).toMatchObject({ next: '2026-01-01T00:01:00Z' })
  expect(leasesIn({ objects, parts }, web, now - 120_000)).toMatchObject({ next: '2026-01-01T01:00:00Z' })
  const overdue = { at: now, why: 'a policy' }
  expect(leasesIn({ objects, parts, overdue }, web, now)).toMatchObject({
    shown: [{ state: 'overdue', until: '2026-01-01T00:00:00Z' }],
  })
})

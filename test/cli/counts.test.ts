import { expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { countReader } from '../../src/cli/cluster/counts.ts'
import { fakeClock } from '../support/clock.ts'

const hook = (name: string, target: string, resourceVersion = '1'): ReceiverHook => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion, generation: 1, creationTimestamp: '' },
  spec: {
    driver: 'scale',
    suspend: false,
    onResolved: 'ignore',
    cooldown: '0s',
    dedupeWindow: '40s',
    token: { rotation: 0, overlap: '5m' },
  },
  status: { target },
})

const setUp = () => {
  const clock = fakeClock()
  const asked: string[] = []
  let replicas = 3
  const api: ApiConnection = {
    watch: () => {
      throw new Error('nothing is watched')
    },
    request: ({ path }) => {
      const metadata = { name: 'web', uid: 'u', resourceVersion: '1' }
      asked.push(path.split('/').at(-1) ?? '')
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify({ metadata, spec: { replicas } }) })
    },
  }
  const counts = countReader({ api }, clock)
  return { asked, clock, counts, scale: (to: number) => void (replicas = to) }
}

it('reads each target once, however many hooks it has', async () => {
  const { asked, counts } = setUp()
  const all = [hook('up', 'Deployment/web'), hook('down', 'Deployment/web'), hook('other', 'Deployment/api')]
  const countOf = await counts(all)
  expect(all.map(countOf)).toEqual([3, 3, 3])
  expect(asked.toSorted()).toEqual(['api', 'web'])
})

it('reads again what a changed hook is about, and all after a while', async () => {
  const { asked, clock, counts, scale } = setUp()
  await counts([hook('up', 'Deployment/web'), hook('other', 'Deployment/api')])
  asked.length = 0
  scale(4)
  const changed = [hook('up', 'Deployment/web', '2'), hook('other', 'Deployment/api')]
  expect(changed.map(await counts(changed))).toEqual([4, 3])
  expect(asked).toEqual(['web'])
  await clock.advance(10_000)
  expect(changed.map(await counts(changed))).toEqual([4, 4])
})

it('reads at most a hundred targets for a table', async () => {
  const { asked, counts } = setUp()
  await counts(Array.from({ length: 150 }, (_, index) => hook(`up-${index}`, `Deployment/web-${index}`)))
  expect(asked).toHaveLength(100)
})

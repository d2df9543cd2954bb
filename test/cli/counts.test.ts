import { expect, it } from 'vitest'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { countReader } from '../../cli/cluster/counts.ts'
import { fakeClock } from '../support/clock.ts'
import { hookAt } from '../support/hooks.ts'

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
  const all = [hookAt('up', 'Deployment/web'), hookAt('down', 'Deployment/web'), hookAt('other', 'Deployment/api')]
  const countOf = await counts(all)
  expect(all.map(countOf)).toEqual([3, 3, 3])
  expect(asked.toSorted()).toEqual(['api', 'web'])
})

it('reads again what a changed hook is about, and all after a while', async () => {
  const { asked, clock, counts, scale } = setUp()
  await counts([hookAt('up', 'Deployment/web'), hookAt('other', 'Deployment/api')])
  asked.length = 0
  scale(4)
  const changed = [hookAt('up', 'Deployment/web', '2'), hookAt('other', 'Deployment/api')]
  expect(changed.map(await counts(changed))).toEqual([4, 3])
  expect(asked).toEqual(['web'])
  await clock.advance(10_000)
  expect(changed.map(await counts(changed))).toEqual([4, 4])
})

it('reads at most a hundred targets for a table', async () => {
  const { asked, counts } = setUp()
  await counts(Array.from({ length: 150 }, (_, index) => hookAt(`up-${index}`, `Deployment/web-${index}`)))
  expect(asked).toHaveLength(100)
})

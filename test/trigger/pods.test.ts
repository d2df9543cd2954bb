import { expect, it } from 'vitest'
import type { ApiConnection, Log } from '../../src/environment/environment.ts'
import { maxPods, forbiddenPodsForMs } from '../../src/trigger/limits.ts'
import { Pods } from '../../src/trigger/pods.ts'
import { fakeClock } from '../support/clock.ts'
import { noApi } from '../support/environment.ts'

const setUp = () => {
  const clock = fakeClock()
  const world = { status: 200, requests: [] as string[], said: 0, count: 3 }
  const nothing = (): void => undefined
  const log: Log = { debug: nothing, info: () => void (world.said += 1), warn: nothing, error: nothing }
  const api: ApiConnection = {
    ...noApi,
    request: ({ path, query = {} }) => {
      world.requests.push(`${path}?${query['labelSelector']}`)
      const start = Number(query['continue'] ?? 0)
      const end = Math.min(world.count, start + Number(query['limit']))
      const items = Array.from({ length: end - start }, (_, index) => ({
        metadata: { name: `pod-${start + index}`, uid: 'u', resourceVersion: '1' },
      }))
      const metadata = { resourceVersion: '1', ...(end < world.count && { continue: String(end) }) }
      const body = world.status === 200 ? { metadata, items } : { message: 'pods is forbidden' }
      return Promise.resolve({ status: world.status, headers: {}, body: JSON.stringify(body) })
    },
  }
  return { clock, world, pods: new Pods({ clock, log }, api) }
}

it('pods are read by their labels, and of many only the first', async () => {
  const { pods, world } = setUp()
  expect(await pods.list('shop', 'app=web')).toHaveLength(3)
  expect(world.requests).toEqual(['/api/v1/namespaces/shop/pods?app=web'])
  world.count = 5000
  expect(await pods.list('shop', 'app=web')).toHaveLength(maxPods)
})

it('pods that may not be listed are asked for once in a while, and the log says so once', async () => {
  const { clock, pods, world } = setUp()
  world.status = 403
  for (let time = 0; time < 3; time++) expect(await pods.list('shop', 'app=web')).toBeUndefined()
  expect([world.requests.length, world.said]).toEqual([1, 1])
  await clock.advance(forbiddenPodsForMs)
  expect(await pods.list('shop', 'app=web')).toBeUndefined()
  expect([world.requests.length, world.said]).toEqual([2, 1])
  await clock.advance(forbiddenPodsForMs)
  world.status = 200
  expect(await pods.list('shop', 'app=web')).toHaveLength(3)
})

it('pods that cannot be read now are left out, and asked for again', async () => {
  const { pods, world } = setUp()
  world.status = 500
  expect(await pods.list('shop', 'app=web')).toBeUndefined()
  world.status = 200
  expect(await pods.list('shop', 'app=web')).toHaveLength(3)
  expect(world.said).toBe(0)
})

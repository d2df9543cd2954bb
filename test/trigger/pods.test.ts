import { expect, it } from 'vitest'
import type { ApiConnection, Log } from '../../src/environment/environment.ts'
import { maxPods, forbiddenPodsForMs } from '../../src/trigger/limits.ts'
import { Pods } from '../../src/trigger/pods.ts'
import { fakeClock } from '../support/clock.ts'
import { noApi } from '../support/environment.ts'

const setUp = () => {
  const clock = fakeClock()
  const world = { status: 200, requests: [] as string[], said: 0, count: 3, tooLarge: false }
  const nothing = (): void => undefined
  const log: Log = { debug: nothing, info: () => void (world.said += 1), warn: nothing, error: nothing }
  const api: ApiConnection = {
    ...noApi,
    request: ({ path, pick = [], query = {} }) => {
      world.requests.push(`${path}?${query['labelSelector']}`)
      // Each pod alone is larger than what is read of an answer.
      const tooLarge = new Map(pick.map(picked => [picked, '1']))
      if (world.tooLarge) return Promise.resolve({ status: 200, headers: {}, body: '', tooLarge })
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
  const pods = new Pods({ clock, log })
  /** Lists the pods of a selector: how many, and how many were passed on. */
  const list = async () => {
    let taken = 0
    const count = await pods.list({ api, namespace: 'shop', account: undefined }, 'app=web', () => void (taken += 1))
    return count === undefined ? undefined : [count, taken]
  }
  return { clock, world, list }
}

it('pods are read by their labels, and of many only the first', async () => {
  const { list, world } = setUp()
  expect(await list()).toEqual([3, 3])
  expect(world.requests).toEqual(['/api/v1/namespaces/shop/pods?app=web'])
  world.count = 5000
  expect(await list()).toEqual([maxPods, maxPods])
})

it('pods that may not be listed are asked for once in a while, and the log says so once', async () => {
  const { clock, list, world } = setUp()
  world.status = 403
  for (let time = 0; time < 3; time++) expect(await list()).toBeUndefined()
  expect([world.requests.length, world.said]).toEqual([1, 1])
  await clock.advance(forbiddenPodsForMs)
  expect(await list()).toBeUndefined()
  expect([world.requests.length, world.said]).toEqual([2, 1])
  await clock.advance(forbiddenPodsForMs)
  world.status = 200
  expect(await list()).toEqual([3, 3])
})

it('pods that cannot be read now are left out, and asked for again', async () => {
  const { list, world } = setUp()
  world.status = 500
  expect(await list()).toBeUndefined()
  world.status = 200
  expect(await list()).toEqual([3, 3])
  expect(world.said).toBe(0)
})

it('pods that are too large to be read end the reading as others do', async () => {
  const { list, world } = setUp()
  world.count = 5000
  world.tooLarge = true
  expect(await list()).toEqual([maxPods, 0])
})

import { wholeLines } from '../support/lines.ts'
import { expect, test } from 'vitest'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import { recognised } from '../../src/kube/unauthorized.ts'
import { fakeClock } from '../support/clock.ts'
import { noApi } from '../support/environment.ts'

const request: ApiRequest = { method: 'GET', path: '/', lane: 'step', timeoutMs: 1000 }

const setUp = () => {
  const clock = fakeClock()
  const world = { status: 200, asked: [] as string[] }
  const server: ApiConnection = {
    ...noApi,
    request: async ({ path }) => {
      world.asked.push(path)
      return { status: world.status, headers: {}, body: '' }
    },
  }
  return { clock, world, ...recognised(server, clock) }
}

test('a process whose every request is answered 401 is unauthorized, after a while', async () => {
  const { api, clock, unauthorized, world } = setUp()
  world.status = 401
  await api.request(request)
  expect(unauthorized()).toBe(false)
  await clock.advance(5000)
  expect(unauthorized()).toBe(true)
})

test('one other answer is enough, also a refusal', async () => {
  const { api, clock, unauthorized, world } = setUp()
  world.status = 401
  await api.request(request)
  await clock.advance(5000)
  world.status = 403
  await api.request(request)
  expect(unauthorized()).toBe(false)
})

test('it finds out by itself that this is over, since nobody posts to a process that is not ready', async () => {
  const { api, clock, unauthorized, world } = setUp()
  world.status = 401
  await api.request(request)
  await clock.advance(6000)
  expect(unauthorized()).toBe(true)
  world.status = 200
  world.asked = []
  await clock.advance(6000)
  unauthorized()
  unauthorized()
  await clock.advance(1)
  expect(world.asked).toEqual(['/version'])
  expect(unauthorized()).toBe(false)
})

test('what is asked over the connection of a watch still is, and its answer counts', async () => {
  const clock = fakeClock()
  const lines = async function* (): AsyncGenerator<string> {
    yield await Promise.resolve('{}')
  }
  const { api, unauthorized } = recognised(
    {
      ...noApi,
      watch: () => ({
        ask: asked => Promise.resolve({ status: 401, headers: {}, body: asked.path }),
        [Symbol.asyncIterator]: lines,
      }),
    },
    clock,
  )
  const watch = api.watch(request, new AbortController().signal)
  expect(await watch.ask(request)).toMatchObject({ body: '/' })
  const received: string[] = []
  for await (const line of wholeLines(watch)) received.push(line)
  expect(received).toEqual(['{}'])
  await clock.advance(5000)
  expect(unauthorized()).toBe(true)
})

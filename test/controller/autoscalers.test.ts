import { describe, expect, it, onTestFinished } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { watchAutoscalers } from '../../src/controller/autoscalers.ts'
import type { ApiConnection, WatchLine } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { followIn } from '../../src/kube/follow.ts'
import type { History } from '../../src/kube/lease-history.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create } from '../../src/kube/requests.ts'
import { autoscalers } from '../../src/kube/resources.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'
import { deployments } from './installation.ts'

/** Longer than what is known is gone by without a proof that it is current, in milliseconds. */
const longSilence = 1_500

const setUp = async (history?: History) => {
  const clock = fakeClock()
  const api = connectInProcess(createApiServer({ clock, random: seededRandom(7) }))
  const world: { network: 'well' | 'silent' | 'away'; lists: number } = { network: 'well', lists: 0 }
  const connection: ApiConnection = {
    request: async request => {
      world.lists += 1
      if (world.network === 'away') throw new Unreachable('refused', false)
      return await api.request(request)
    },
    watch: (request, stop) => {
      const watch = api.watch(request, stop)
      const lines = async function* (): AsyncGenerator<WatchLine> {
        for await (const line of watch) if (world.network === 'well') yield line
      }
      return {
        [Symbol.asyncIterator]: lines,
        ask: async asked => {
          if (world.network !== 'well') throw new Unreachable('silent', true)
          return await watch.ask?.(asked)
        },
      }
    },
  }
  for (const name of ['b', 'a']) {
    await create(api, autoscalers, 'default', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 },
    })
  }
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const watched = watchAutoscalers(testEnvironment({ api: connection, clock }), [], followIn(history))
  void watched.run(stop.signal)
  await clock.advance(100)
  world.lists = 0
  const remove = async (name: string): Promise<void> => {
    const path = objectPath(autoscalers, 'default', name)
    await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 1000 })
    await clock.advance(10)
  }
  return { clock, of: () => watched.of('default', deployments, 'web'), remove, world }
}

describe('the autoscaler of an object', () => {
  it('is what the watch has reported while it lives, of several the first by name', async () => {
    const { of, remove, world } = await setUp()
    expect(await of()).toBe('HorizontalPodAutoscaler/a')
    await remove('a')
    expect(await of()).toBe('HorizontalPodAutoscaler/b')
    await remove('b')
    expect(await of()).toBeUndefined()
    expect(world.lists).toBe(0)
  })

  it('is listed again where the watch is not proven to be current', async () => {
    const { clock, of, remove, world } = await setUp()
    world.network = 'silent'
    await remove('a')
    await clock.advance(longSilence)
    expect(await of()).toBe('HorizontalPodAutoscaler/b')
    await remove('b')
    expect(await of()).toBeUndefined()
  })

  it.each([
    ['what the watch has reported', 'may pass', 0],
    ['listed', 'cannot pass', 1],
  ])('is %s where the check of the history %s', async (_what, check, lists) => {
    const noHistory: History = {
      current: () => true,
      wentBack: () => undefined,
      lostCache: () => undefined,
      mayBeLost: () => undefined,
      doubt: () => undefined,
      unchecked: () => undefined,
      seeing: () => () => true,
      checkOver: () => ({ passed: () => false, mayPass: () => check === 'may pass', end: () => undefined }),
      run: () => Promise.resolve('stopped'),
    }
    const { of, world } = await setUp(noHistory)
    expect(await of()).toBe('HorizontalPodAutoscaler/a')
    expect(world.lists).toBe(lists)
  })

  it('is not known while neither the watch nor a read can report it', async () => {
    const { clock, of, world } = await setUp()
    world.network = 'away'
    await clock.advance(longSilence)
    await expect(of()).rejects.toThrow(Unreachable)
  })
})

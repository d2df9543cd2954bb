import { describe, expect, it } from 'vitest'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { crd } from '../../src/drivers/registry.ts'
import type { ApiConnection, WatchLine } from '../../src/environment/environment.ts'
import { Unreachable, WatchRefused } from '../../src/environment/unreachable.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { Hooks } from '../../src/trigger/hooks.ts'
import { deletedHooksKeptMs, lookupRates } from '../../src/trigger/limits.ts'
import { fakeClock } from '../support/clock.ts'
import { noExpressions, testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'

/** Longer than what is known is gone by without a proof that it is current, in milliseconds. */
const longSilence = 1_500

const setUp = async () => {
  const clock = fakeClock()
  const api = connectInProcess(createApiServer({ clock, random: seededRandom(5) }))
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  await send(api, { method: 'POST', path, body: JSON.stringify(crd) })
  const makeHook = (name = 'web-up') =>
    create(api, hooks, 'default', {
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
    })
  /** silent: watches are open and say nothing. expired: what they would resume from is gone. away: nothing is answered. astray: a server that knows no hooks answers. */
  const world: { network: 'well' | 'silent' | 'expired' | 'away' | 'astray'; reads: number } = {
    network: 'well',
    reads: 0,
  }
  const lanes: string[] = []
  const isAway = (): boolean => world.network === 'away'
  const connection: ApiConnection = {
    request: async request => {
      if (request.lane === 'step' || request.lane === 'lookup') {
        world.reads += 1
        lanes.push(request.lane)
      }
      if (world.network === 'away') throw new Unreachable('refused', false)
      if (world.network === 'astray') return { status: 404, headers: {}, body: '404 page not found\n' }
      return await api.request(request)
    },
    watch: (request, stop) => {
      const watch = api.watch(request, stop)
      const lines = async function* (): AsyncGenerator<WatchLine> {
        if (isAway()) throw new Unreachable('refused', false)
        if (world.network === 'expired') throw new WatchRefused(410, 'too old')
        for await (const line of watch) {
          if (isAway()) throw new Unreachable('cut', true)
          if (world.network === 'well') yield line
        }
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
  const made = await makeHook()
  const history: { doubt: string | undefined } = { doubt: undefined }
  const read = { current: () => true, doubt: () => history.doubt, lostCache: () => undefined }
  const ready = { now: false }
  const expressions = { ...noExpressions, keepReady: (isWanted: boolean) => void (ready.now = isWanted) }
  const cache = new Hooks(testEnvironment({ api: connection, clock, expressions }), [], { history: read })
  void cache.run(new AbortController().signal)
  await clock.advance(100)
  const remove = async (): Promise<void> => {
    const path = objectPath(hooks, 'default', 'web-up')
    await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 1000 })
    await clock.advance(10)
  }
  const { uid } = made.metadata
  return {
    api,
    cache,
    clock,
    history,
    isReady: () => ready.now,
    lanes,
    makeHook,
    remove,
    uid,
    world,
    find: () => cache.find('default', 'web-up', uid),
  }
}

describe('the evaluator of expressions', () => {
  it('is kept ready from the first hook with `when` to the last, and while a hook changes', async () => {
    const { api, clock, isReady, makeHook, remove } = await setUp()
    const patch = async (name: string, when: string | null): Promise<void> => {
      const path = objectPath(hooks, 'default', name)
      const body = JSON.stringify({ spec: { when } })
      await send(api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
      await clock.advance(10)
    }
    expect(isReady()).toBe(false)
    await patch('web-up', 'true')
    expect(isReady()).toBe(true)
    await makeHook('web-down')
    await patch('web-down', 'true')
    await patch('web-up', null)
    expect(isReady()).toBe(true)
    await remove()
    expect(isReady()).toBe(true)
    await patch('web-down', null)
    expect(isReady()).toBe(false)
  })
})

describe('a hook', () => {
  it('is found in the cache while its watch lives', async () => {
    const { find, uid, world } = await setUp()
    expect(await find()).toMatchObject({ found: 'hook', hook: { uid, driver: 'scale' } })
    expect(world.reads).toBe(0)
  })

  it('is never said to be gone by the cache alone', async () => {
    const { find, remove, world } = await setUp()
    await remove()
    expect(await find()).toEqual({ found: 'none' })
    expect(world.reads).toBe(1)
  })

  it('that was found gone stays gone, and is not read again for as long as etcd is not restored', async () => {
    const { clock, find, remove, world } = await setUp()
    await remove()
    for (let post = 0; post < 100; post++) expect(await find()).toEqual({ found: 'none' })
    expect(world.reads).toBe(1)
    await clock.advance(deletedHooksKeptMs)
    expect(await find()).toEqual({ found: 'none' })
    expect(world.reads).toBe(2)
  })

  it('is not gone because somebody asked for its uid under another name or in another namespace', async () => {
    const { cache, clock, find, uid, world } = await setUp()
    expect(await cache.find('other', 'web-up', uid)).toEqual({ found: 'none' })
    expect(await cache.find('default', 'web-down', uid)).toEqual({ found: 'none' })
    world.network = 'silent'
    await clock.advance(longSilence)
    expect(await find()).toMatchObject({ found: 'hook' })
  })

  it('that was found gone is read again while it is not known whether etcd was restored', async () => {
    const { find, history, remove, world } = await setUp()
    await remove()
    expect(await find()).toEqual({ found: 'none' })
    history.doubt = 'the Lease was made again'
    expect(await find()).toEqual({ found: 'none' })
    expect(world.reads).toBe(2)
  })

  it('that this process does not know is looked up at a bounded rate, in a lane of its own', async () => {
    const { cache, clock, lanes, uid, world } = await setUp()
    const ask = async (index: number) => (await cache.find('default', 'web-up', `${uid}-${index}`)).found
    const asked = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(index)))
    expect(asked.filter(found => found === 'none')).toHaveLength(lookupRates.post.burst)
    expect(asked.filter(found => found === 'not looked up')).toHaveLength(100 - lookupRates.post.burst)
    expect(new Set(lanes)).toEqual(new Set(['lookup']))
    world.reads = 0
    await clock.advance(1000)
    for (let index = 100; index < 200; index++) await ask(index)
    expect(world.reads).toBe(lookupRates.post.perSecond)
  })

  it('that this process does not know is looked up for what it has leased also where posts have used up their rate', async () => {
    const { cache, uid } = await setUp()
    const ask = async (index: number, asker: 'post' | 'end') =>
      (await cache.find('default', 'web-up', `${uid}-${index}`, asker)).found
    const numbers = Array.from({ length: 100 }, (_, index) => index)
    await Promise.all(numbers.map(index => ask(index, 'post')))
    const asked = await Promise.all(numbers.map(index => ask(100 + index, 'end')))
    expect(asked.filter(found => found === 'none')).toHaveLength(lookupRates.end.burst)
    expect(asked.filter(found => found === 'not looked up')).toHaveLength(100 - lookupRates.end.burst)
  })

  it('that this process does not know yet is looked up once for all posts that come at once', async () => {
    const { cache, makeHook, remove, world } = await setUp()
    await remove()
    world.network = 'silent'
    const { uid } = (await makeHook()).metadata
    world.reads = 0
    const found = await Promise.all(
      Array.from({ length: 3 * lookupRates.post.burst }, () => cache.find('default', 'web-up', uid)),
    )
    expect(new Set(found.map(each => each.found))).toEqual(new Set(['hook']))
    expect(world.reads).toBeLessThanOrEqual(2)
  })

  it('is another when another of its name was made', async () => {
    const { cache, clock, find, makeHook, remove } = await setUp()
    await remove()
    const again = await makeHook()
    await clock.advance(10)
    expect(await find()).toEqual({ found: 'none' })
    expect(await cache.find('default', 'web-up', again.metadata.uid)).toMatchObject({ found: 'hook' })
  })

  it('is read live when the watch is not proven to be current, and that read is good for a moment', async () => {
    const { clock, find, remove, world } = await setUp()
    world.network = 'silent'
    await remove()
    expect(await find()).toMatchObject({ found: 'hook' })
    await clock.advance(longSilence)
    world.reads = 0
    expect(await find()).toEqual({ found: 'none' })
    expect(world.reads).toBe(1)
  })

  it('that only a live read has seen is unchanged as far as anyone knows', async () => {
    const { cache, clock, makeHook, remove, world } = await setUp()
    await remove()
    world.network = 'silent'
    const made = await makeHook()
    await clock.advance(10)
    const found = await cache.find('default', 'web-up', made.metadata.uid)
    expect(found).toMatchObject({ found: 'hook' })
    expect(found.found === 'hook' && cache.unchanged(found.hook)).toBe(true)
  })

  it.each([
    ['deleted', false],
    ['deleted and made again', true],
  ])('that only a live read has seen, and was %s before the next list, has changed', async (_what, again) => {
    const { cache, clock, makeHook, remove, world } = await setUp()
    world.network = 'silent'
    await remove()
    const made = await makeHook()
    await clock.advance(longSilence)
    const found = await cache.find('default', 'web-up', made.metadata.uid)
    expect(found.found === 'hook' && cache.unchanged(found.hook)).toBe(true)
    world.network = 'expired'
    await remove()
    if (again) await makeHook()
    await clock.advance(10_000)
    expect(found.found === 'hook' && cache.unchanged(found.hook)).toBe(false)
  })

  it('that is being deleted is gone, even while a finalizer holds it', async () => {
    const { api, cache, clock, find, remove, uid } = await setUp()
    await send(api, {
      method: 'PATCH',
      path: objectPath(hooks, 'default', 'web-up'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { finalizers: ['example.com/hold'] } }),
    })
    const found = await find()
    await remove()
    await clock.advance(10)
    expect(await find()).toEqual({ found: 'none' })
    expect(await cache.readLive('default', 'web-up', uid)).toEqual({ found: 'none' })
    expect(found.found === 'hook' && cache.unchanged(found.hook)).toBe(false)
  })

  it('that the cache knows to be stalled is read again, since that may be over', async () => {
    const { api, clock, find, world } = await setUp()
    const stall = async (status: 'True' | 'False'): Promise<void> => {
      const type = 'Stalled'
      const condition = { type, status, reason: 'ManagedByAutoscaler', message: 'web-hpa sets the count' }
      const conditions = [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }]
      await send(api, {
        method: 'PATCH',
        path: `${objectPath(hooks, 'default', 'web-up')}/status`,
        contentType: 'application/merge-patch+json',
        body: JSON.stringify({ status: { observedGeneration: 1, conditions } }),
      })
    }
    await stall('True')
    await clock.advance(10)
    expect(await find()).toMatchObject({ found: 'hook', hook: { problem: { reason: 'ManagedByAutoscaler' } } })
    expect(world.reads).toBe(1)
    // However many posts it gets.
    await Promise.all(Array.from({ length: 100 }, find))
    expect(world.reads).toBe(3)
    world.network = 'silent'
    await stall('False')
    expect(await find()).toMatchObject({ found: 'hook', hook: { problem: undefined } })
    expect(world.reads).toBe(4)
  })

  it('that is read live is as it was after it was asked for', async () => {
    const { cache, clock, remove, uid } = await setUp()
    const before = cache.readLive('default', 'web-up', uid)
    await remove()
    const after = cache.readLive('default', 'web-up', uid)
    await clock.advance(10)
    expect([(await before).found, (await after).found]).toEqual(['hook', 'none'])
  })

  it('cannot be found while the API server is away, which is not the same as gone', async () => {
    const { clock, find, world } = await setUp()
    world.network = 'away'
    await clock.advance(longSilence)
    expect(await find()).toMatchObject({ found: 'unreachable' })
  })

  it('is not gone because a server that knows no hooks has answered', async () => {
    const { cache, clock, find, uid, world } = await setUp()
    world.network = 'astray'
    await clock.advance(longSilence)
    expect(await find()).toMatchObject({ found: 'unreachable' })
    expect(await cache.find('default', 'web-down', `${uid}-other`)).toMatchObject({ found: 'unreachable' })
    world.network = 'well'
    await clock.advance(longSilence)
    expect(await find()).toMatchObject({ found: 'hook' })
  })
})

describe('a hook that is found by its name', () => {
  const name = { namespace: 'default', name: 'web-up' }

  it('comes from the cache alone while that is proven to be current, and so does that there is none', async () => {
    const { cache, clock, makeHook, remove, world } = await setUp()
    expect(await cache.findNamed(name)).toMatchObject({ found: 'hook' })
    await remove()
    expect(await cache.findNamed(name)).toEqual({ found: 'none' })
    const { uid } = (await makeHook()).metadata
    await clock.advance(10)
    expect(await cache.findNamed(name)).toMatchObject({ found: 'hook', hook: { uid } })
    expect(world.reads).toBe(0)
  })

  it('is read live otherwise, also when its uid is another one now', async () => {
    const { cache, clock, makeHook, remove, world } = await setUp()
    world.network = 'silent'
    await remove()
    const { uid } = (await makeHook()).metadata
    await clock.advance(longSilence)
    const found = await cache.findNamed(name)
    expect(found).toMatchObject({ found: 'hook', hook: { uid } })
    expect(found.found === 'hook' && cache.unchanged(found.hook)).toBe(true)
    await remove()
    expect(await cache.findNamed(name)).toEqual({ found: 'none' })
    world.network = 'away'
    expect(await cache.findNamed(name)).toMatchObject({ found: 'unreachable' })
  })

  it('is looked up at a bounded rate if its name is not known, which leaves tokens their own', async () => {
    const { cache, clock, lanes, uid, world } = await setUp()
    world.network = 'silent'
    await clock.advance(longSilence)
    const ask = async (index: number) => (await cache.findNamed({ ...name, name: `none-${index}` })).found
    const asked = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(index)))
    expect(asked.filter(found => found === 'none')).toHaveLength(lookupRates.post.burst)
    expect(asked.filter(found => found === 'not looked up')).toHaveLength(100 - lookupRates.post.burst)
    expect(new Set(lanes)).toEqual(new Set(['lookup']))
    expect(await cache.findNamed(name)).toMatchObject({ found: 'hook' })
    expect(await cache.find('default', 'web-up', `${uid}-other`)).toEqual({ found: 'none' })
  })
})

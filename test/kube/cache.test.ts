import { expect, onTestFinished, test } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable, WatchRefused } from '../../src/environment/unreachable.ts'
import { watchedCache, type Cache, type CacheChange } from '../../src/kube/cache.ts'
import { hooks } from '../../src/kube/resources.ts'
import { settle } from '../support/clock.ts'
import { testEnvironment, type TestEnvironment } from '../support/environment.ts'
import { answer, scriptedConnection, type Scripted, type ScriptedConnection } from '../support/scripted-connection.ts'

const object = (name: string, version: number, value = `${name}-${version}`): object => ({
  metadata: {
    name,
    namespace: 'shop',
    uid: `uid-of-${name}`,
    resourceVersion: String(version),
    managedFields: ['much'],
  },
  value,
})

const list = (version: number, items: readonly object[], next?: string): ApiResponse =>
  answer(200, { metadata: { resourceVersion: String(version), ...(next ? { continue: next } : {}) }, items })

const event = (type: string, name: string, version: number): object => ({ type, object: object(name, version) })
const bookmark = (version: number): object => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version) } },
})
const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }

interface Running {
  readonly environment: TestEnvironment
  readonly api: ScriptedConnection
  readonly cache: Cache<string>
  readonly changes: CacheChange<string>[]
  readonly stop: AbortController
  readonly done: Promise<void>
  /** Log messages so far. */
  readonly messages: () => (string | undefined)[]
}

const running = async (
  answers: Scripted,
  opens?: (request: ApiRequest, count: number) => Error | undefined,
): Promise<Running> => {
  const api = scriptedConnection(answers, opens)
  const environment = testEnvironment({ api })
  const cache = watchedCache(environment, { type: hooks, keep: object => stringAt(object, 'value') })
  const changes: CacheChange<string>[] = []
  const stop = new AbortController()
  cache.subscribe(change => changes.push(change))
  const done = cache.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  await settle()
  return {
    environment,
    api,
    cache,
    changes,
    stop,
    done,
    messages: () => environment.lines.map(line => stringAt(JSON.parse(line), 'msg')),
  }
}

const change = (name: string, before: number | undefined, now: number | undefined): CacheChange<string> => ({
  namespace: 'shop',
  name,
  before: before === undefined ? undefined : `${name}-${before}`,
  now: now === undefined ? undefined : `${name}-${now}`,
})

test('lists in pages, then watches from the version of the list', async () => {
  const { api, cache, changes } = await running((_request, count) =>
    count === 0 ? list(7, [object('a', 1)], 'token') : list(7, [object('b', 2)]),
  )
  expect(api.requests.map(({ query }) => query)).toEqual([{ limit: '50' }, { limit: '200', continue: 'token' }])
  expect(api.requests[0]?.path).toBe('/apis/receiverhooks.dev/v1alpha1/receiverhooks')
  expect(api.watching().request).toMatchObject({
    lane: 'watch',
    query: { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '7' },
  })
  expect(Number(api.watching().request.query?.['timeoutSeconds'])).toBeGreaterThanOrEqual(270)
  expect([...cache.values()]).toEqual(['a-1', 'b-2'])
  expect(cache.get('shop', 'a')).toBe('a-1')
  expect(cache.size).toBe(2)
  expect([cache.synced(), cache.fresh()]).toEqual([true, true])
  expect(changes).toEqual([change('a', undefined, 1), change('b', undefined, 2)])
})

test('is not synced before the last page is there', async () => {
  const { cache } = await running((_request, count) =>
    count === 0 ? list(7, [object('a', 1)], 'token') : new Promise<never>(() => {}),
  )
  expect([cache.synced(), cache.fresh(), cache.size]).toEqual([false, false, 0])
})

test('follows what is added, modified and deleted, and reports each change once', async () => {
  const { api, cache, changes } = await running(() => list(7, [object('a', 1)]))
  api
    .watching()
    .send(
      event('ADDED', 'b', 8),
      event('MODIFIED', 'a', 9),
      event('MODIFIED', 'a', 9),
      event('DELETED', 'b', 10),
      event('DELETED', 'never-seen', 11),
    )
  await settle()
  expect([...cache.values()]).toEqual(['a-9'])
  expect(changes.slice(1)).toEqual([change('b', undefined, 8), change('a', 1, 9), change('b', 8, undefined)])
})

test('keeps nothing of what `keep` answers undefined for, and drops it when that comes later', async () => {
  const { api, cache, changes } = await running(() =>
    list(7, [{ metadata: { name: 'x', namespace: 'shop', uid: 'u', resourceVersion: '1' } }, object('a', 1)]),
  )
  expect(cache.size).toBe(1)
  api.watching().send({
    type: 'MODIFIED',
    object: { metadata: { name: 'a', namespace: 'shop', uid: 'uid-of-a', resourceVersion: '8' } },
  })
  await settle()
  expect(cache.get('shop', 'a')).toBeUndefined()
  expect(changes.at(-1)).toEqual(change('a', 1, undefined))
})

test('resumes from the last version after the watch ended in order, at once and without a new list', async () => {
  const { environment, api, cache } = await running(() => list(7, []))
  api.watching().send(event('ADDED', 'a', 8), bookmark(20))
  await environment.clock.advance(60_000)
  api.watching().end()
  await settle()
  expect(api.watches).toHaveLength(2)
  expect(api.watching().request.query?.['resourceVersion']).toBe('20')
  expect(api.requests).toHaveLength(1)
  expect(cache.fresh()).toBe(true)
})

test('after a cut it is not fresh until the new watch is proven to be current, and misses nothing', async () => {
  const { environment, api, cache, messages } = await running(() => list(7, [object('a', 1)]))
  api.watching().send(event('MODIFIED', 'a', 8))
  await environment.clock.advance(10_000)
  api.watching().cut()
  await settle()
  expect(cache.fresh()).toBe(false)
  expect(cache.get('shop', 'a')).toBe('a-8')

  await environment.clock.advance(100)
  expect(api.watching().request.query?.['resourceVersion']).toBe('8')
  api.watching().send(event('MODIFIED', 'a', 9))
  await settle()
  expect([cache.fresh(), cache.get('shop', 'a')]).toEqual([true, 'a-9'])
  await environment.clock.advance(5_000)
  expect(messages()).toEqual(['watch cut', 'watch recovered'])
})

test('a silent watch is given up after 75 s', async () => {
  const { environment, api, messages } = await running(() => list(7, []))
  const silent = api.watching()
  await environment.clock.advance(60_000)
  silent.send(bookmark(8))
  await environment.clock.advance(74_999)
  expect(silent.open).toBe(true)
  await environment.clock.advance(1)
  expect(silent.open).toBe(false)
  await environment.clock.advance(100)
  expect(api.watches).toHaveLength(2)
  expect(api.watching().request.query?.['resourceVersion']).toBe('8')
  expect(messages()).toEqual(['watch cut'])
})

const gone = new WatchRefused(410, 'too old')

test.each([
  ['the status of the watch', [], (_request: ApiRequest, count: number) => (count === 1 ? gone : undefined)],
  ['an event of the watch', [expired], undefined],
])('lists again after 410 as %s, and reports what was deleted meanwhile', async (_as, lines, opens) => {
  const lists = [list(7, [object('a', 1), object('b', 2), object('c', 3)]), list(30, [object('a', 1), object('c', 25)])]
  const { environment, api, cache, changes } = await running((_request, count) => lists[count] ?? list(99, []), opens)
  const before = changes.length
  if (lines.length > 0) api.watching().send(...lines)
  else api.watching().cut()
  await environment.clock.advance(1_000)
  expect(api.watching().request.query?.['resourceVersion']).toBe('30')
  expect([...cache.values()]).toEqual(['a-1', 'c-25'])
  expect(changes.slice(before)).toEqual([change('b', 2, undefined), change('c', 3, 25)])
  expect(await environment.metrics.text()).toContain('receiverhooks_watch_lists_total{resource="receiverhooks"} 2')
})

test('a list that expires between its pages begins again', async () => {
  const { environment, api, cache } = await running((request, count) => {
    if (request.query?.['continue'] === 'old') return answer(410, { kind: 'Status', reason: 'Expired' })
    return count === 0 ? list(7, [object('gone', 1)], 'old') : list(9, [object('a', 8)])
  })
  await environment.clock.advance(100)
  expect(api.requests.map(({ query }) => query?.['continue'])).toEqual([undefined, 'old', undefined])
  expect([...cache.values()]).toEqual(['a-8'])
})

test('a list that expires again and again is not begun without pauses', async () => {
  const { environment, api } = await running(request =>
    request.query?.['continue'] === undefined ? list(7, [], 'old') : answer(410, { kind: 'Status', reason: 'Expired' }),
  )
  await environment.clock.advance(60_000)
  expect(api.requests.length).toBeLessThan(30)
})

test.each([
  ['no JSON', '{"type":"ADDED","obj'],
  ['no event', '[]'],
  ['an unknown type', event('INVENTED', 'a', 8)],
  ['an object without a name', { type: 'ADDED', object: { metadata: { resourceVersion: '8' } } }],
  ['a bookmark without a version', { type: 'BOOKMARK', object: {} }],
  [
    'of a version that no watch can be resumed from',
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: 'x' } } },
  ],
])('a line that is %s is logged, and all is listed again', async (_what, line) => {
  const { environment, api, cache } = await running((_request, count) => list(7 + count, [object('a', 1 + count)]))
  api.watching().send(line)
  await environment.clock.advance(100)
  expect(api.requests).toHaveLength(2)
  expect(cache.get('shop', 'a')).toBe('a-2')
  expect(environment.lines.join()).toContain('expected an event')
})

test('a failing API server is asked less and less often, and at once again after all was well', async () => {
  let down = true
  let now = (): number => 0
  const times: number[] = []
  const { environment, api } = await running(() => {
    times.push(now())
    return down ? new Unreachable('refused', false) : list(7, [])
  })
  now = () => environment.clock.monotonic()
  await environment.clock.advance(600_000)
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  const bounds = [50, 500, 1_000, 2_000, 4_000, 6_666, 6_666, 6_666]
  for (const [index, least] of bounds.entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(least)
    expect(waits[index]).toBeLessThanOrEqual(least * 1.5 + 1)
  }
  down = false
  await environment.clock.advance(40_000)
  expect(api.watches).toHaveLength(1)
  api.watching().cut()
  await environment.clock.advance(100)
  expect(api.watches).toHaveLength(2)
})

test('an API server that is back, but without the version, is listed again at once', async () => {
  let opened: 'down' | 'gone' = 'down'
  const { environment, api } = await running(
    () => list(7, []),
    (_request, count) => (count === 0 ? undefined : opened === 'down' ? new Unreachable('refused', false) : gone),
  )
  api.watching().cut()
  await environment.clock.advance(60_000)
  opened = 'gone'
  const before = api.watches.length
  while (api.watches.length === before) await environment.clock.advance(100)
  await environment.clock.advance(100)
  expect(api.requests).toHaveLength(2)
  // It repeats this after every list: that must not become a loop without pauses.
  await environment.clock.advance(60_000)
  expect(api.requests.length).toBeLessThan(12)
})

test('a server that ends every watch at once is not hammered', async () => {
  const { environment, api } = await running(() => list(7, []))
  for (let second = 0; second < 600; second++) {
    api.watching().end()
    await environment.clock.advance(100)
  }
  expect(api.watches.length).toBeLessThan(15)
})

test('a listener that throws is logged, and harms neither the others nor the watch', async () => {
  const { environment, api, cache } = await running(() => list(7, []))
  const seen: string[] = []
  cache.subscribe(() => {
    throw new Error('a bad listener')
  })
  cache.subscribe(({ name }) => seen.push(name))
  api.watching().send(event('ADDED', 'a', 8), event('ADDED', 'b', 9))
  await settle()
  expect(seen).toEqual(['a', 'b'])
  expect(api.watching().open).toBe(true)
  expect(environment.lines.join()).toContain('a bad listener')
})

test('stops at once, in the middle of a list and of a watch', async () => {
  const listing = await running(() => new Promise<never>(() => {}))
  listing.stop.abort()
  await listing.done
  const watching = await running(() => list(7, []))
  watching.stop.abort()
  await watching.done
  expect(watching.api.watching().open).toBe(false)
  expect(watching.cache.fresh()).toBe(false)
  expect(watching.environment.clock.pending).toBe(0)
  expect(watching.environment.lines).toEqual([])
})

/** Returns what is picked of an object that is too large to be read, at a path that leads to it. */
const picked = (path: string, name: string, version: number, more: object = {}): Map<string, string> =>
  new Map(
    Object.entries({
      [`${path}.metadata.name`]: name,
      [`${path}.metadata.namespace`]: 'shop',
      [`${path}.metadata.uid`]: `uid-of-${name}`,
      [`${path}.metadata.resourceVersion`]: version,
      [`${path}.metadata.generation`]: 3,
      ...more,
    }).map(([at, value]) => [at, String(value)]),
  )

test('an object that is too large to be read is passed over by its name, in a list and in a watch, and nothing else is', async () => {
  const pages = [list(5, [object('a', 1)], 'next'), { ...list(5, []), body: '' }]
  const ofList = picked('items.*', 'fat', 4, { 'metadata.resourceVersion': 5, 'metadata.continue': 'last' })
  const { api, cache, changes, messages } = await running(({ query }, count) => {
    if (query?.['continue'] === 'next')
      return { ...answer(200, {}), body: '', tooLarge: query['limit'] === '1' ? ofList : new Map() }
    return query?.['continue'] === 'last' ? list(5, [object('b', 2)]) : (pages[count] ?? list(9, []))
  })
  expect([...cache.values()]).toEqual(['a-1', 'b-2'])
  api.watching().send(picked('object', 'b', 7, { type: 'MODIFIED' }), event('ADDED', 'c', 8))
  await settle()
  expect([...cache.values()]).toEqual(['a-1', 'c-8'])
  api.watching().send(event('MODIFIED', 'b', 9), picked('object', 'c', 10, { type: 'DELETED' }))
  await settle()
  expect([...cache.values()]).toEqual(['a-1', 'b-9'])
  expect(changes.map(({ name, now }) => `${name}: ${now ?? 'none'}`).slice(2)).toEqual([
    'b: none',
    'c: c-8',
    'b: b-9',
    'c: none',
  ])
  expect(api.watches).toHaveLength(1)
  expect(messages().filter(message => message === 'an object is too large to read')).toHaveLength(2)
})

test('what keeps large objects has who they are, and what the source picks', async () => {
  const api = scriptedConnection(() => list(5, []))
  const environment = testEnvironment({ api })
  const cache = watchedCache<unknown>(environment, {
    type: hooks,
    pick: ['spec.target.kind'],
    keep: () => 'whole',
    keepLarge: ({ metadata, spec }) => ({ generation: metadata.generation, spec }),
  })
  const stop = new AbortController()
  const done = cache.run(stop.signal)
  await settle()
  expect(api.watching().request.pick).toContain('object.spec.target.kind')
  api.watching().send(picked('object', 'fat', 7, { type: 'ADDED', 'object.spec.target.kind': 'Deployment' }))
  await settle()
  expect([...cache.values()]).toEqual([{ generation: 3, spec: { target: { kind: 'Deployment' } } }])
  stop.abort()
  await done
})

test('a line that is too large and says nothing asks for a new list, as any other that cannot be read', async () => {
  const { api, environment } = await running((_request, count) => list(5 + count, []))
  api.watching().send(new Map([['type', 'MODIFIED']]))
  await settle()
  await environment.clock.advance(60_000)
  expect(api.requests).toHaveLength(2)
})

import { expect, onTestFinished, test } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { cacheIn } from '../../src/kube/cache-in.ts'
import type { CacheChange } from '../../src/kube/cache.ts'
import { hooks } from '../../src/kube/resources.ts'
import { fakeClock, settle } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { answer, scriptedConnection } from '../support/scripted-connection.ts'

const object = (namespace: string, name: string, version = '1'): object => ({
  metadata: { name, namespace, uid: `${namespace}-${name}`, resourceVersion: version },
  value: `${namespace}/${name}`,
})

const list = (...items: readonly object[]): ApiResponse => answer(200, { metadata: { resourceVersion: '1' }, items })
const forbidden = answer(403, { kind: 'Status', code: 403, reason: 'Forbidden', message: 'not here' })

/** Returns the namespace that a request is about. */
const namespaceOf = ({ path }: ApiRequest): string => /namespaces\/([^/]+)/.exec(path)?.[1] ?? 'all'

const running = async (answers: (namespace: string) => ApiResponse | Promise<never>, namespaces = ['shop', 'yard']) => {
  const api = scriptedConnection(request => answers(namespaceOf(request)))
  const clock = fakeClock()
  const environment = testEnvironment({ api, clock })
  const cache = cacheIn(environment, namespaces, { type: hooks, keep: found => stringAt(found, 'value') })
  const changes: CacheChange<string>[] = []
  cache.subscribe(change => changes.push(change))
  const stop = new AbortController()
  const done = cache.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await clock.advance(20_000)
    await done
  })
  await settle()
  const watchOf = (namespace: string) => api.watches.findLast(({ request }) => namespaceOf(request) === namespace)
  return { api, cache, changes, clock, watchOf }
}

test('watches each namespace by itself, and knows the objects of all', async () => {
  const { api, cache, changes } = await running(namespace => list(object(namespace, 'web')))
  expect(api.watches.map(({ request }) => namespaceOf(request)).toSorted()).toEqual(['shop', 'yard'])
  expect([cache.get('shop', 'web'), cache.get('yard', 'web'), cache.get('bank', 'web')]).toEqual([
    ...['shop/web', 'yard/web', undefined],
  ])
  expect([cache.size, cache.lists, [...cache.values()]]).toEqual([2, 2, ['shop/web', 'yard/web']])
  expect(changes.map(({ namespace }) => namespace)).toEqual(['shop', 'yard'])
  expect([cache.synced(), cache.fresh('shop'), cache.fresh('bank'), cache.proven('yard')]).toEqual([
    ...[true, true, false, true],
  ])
})

test('a watch that is cut says nothing of the other namespace', async () => {
  const { cache, watchOf } = await running(namespace => list(object(namespace, 'web')))
  watchOf('yard')?.cut()
  await settle()
  expect([cache.fresh('shop'), cache.fresh('yard'), cache.fresh()]).toEqual([true, false, false])
})

test('a new list of a namespace leaves the objects of the other', async () => {
  let ofYard = [object('yard', 'web')]
  const { cache, clock, watchOf } = await running(namespace =>
    namespace === 'yard' ? list(...ofYard) : list(object('shop', 'web')),
  )
  ofYard = [object('yard', 'other')]
  watchOf('yard')?.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'old' } })
  await clock.advance(1000)
  expect([...cache.values()]).toEqual(['shop/web', 'yard/other'])
})

test('a namespace that may not be read keeps the others from nothing', async () => {
  const { cache } = await running(namespace => (namespace === 'yard' ? forbidden : list()))
  expect([cache.synced(), cache.synced('shop'), cache.synced('yard')]).toEqual([true, true, false])
  expect([cache.fresh('shop'), cache.fresh('yard')]).toEqual([true, false])
  expect(cache.problem()).toContain('may not list receiverhooks in namespace yard')
})

test('is not synced while a namespace is still being read, nor where none can be', async () => {
  const slow = await running(namespace => (namespace === 'yard' ? new Promise<never>(() => {}) : list()))
  expect(slow.cache.synced()).toBe(false)
  const refused = await running(() => forbidden)
  expect(refused.cache.synced()).toBe(false)
})

test.each([
  [[], ['all']],
  [['shop'], ['shop']],
])('has one watch for the namespaces %j', async (namespaces, watched) => {
  const { api } = await running(() => list(), namespaces)
  expect(api.watches.map(({ request }) => namespaceOf(request))).toEqual(watched)
})

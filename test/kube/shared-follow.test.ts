import { expect, onTestFinished, test } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { watchedCache, type CacheChange } from '../../src/kube/cache.ts'
import { configMaps, hooks } from '../../src/kube/resources.ts'
import { sharedFollow } from '../../src/kube/shared-follow.ts'
import type { Source } from '../../src/kube/source.ts'
import { settle } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { answer, scriptedConnection } from '../support/scripted-connection.ts'

const object = (name: string, version: number, value: string): object => ({
  metadata: { name, namespace: 'shop', uid: `uid-of-${name}`, resourceVersion: String(version) },
  value,
})

const setUp = () => {
  const api = scriptedConnection(() =>
    answer(200, { metadata: { resourceVersion: '7' }, items: [object('a', 1, 'first')] }),
  )
  const environment = testEnvironment({ api })
  const follow = sharedFollow()
  const stop = new AbortController()
  const open = (source: Source, kept: string) => {
    const changes: CacheChange<string>[] = []
    const keep = (found: object): string => `${kept} ${stringAt(found, 'value')}`
    const cache = watchedCache(environment, { ...source, keep }, follow)
    cache.subscribe(change => changes.push(change))
    return { cache, changes }
  }
  return { api, open, stop }
}

test('those who follow the same objects share one list and one watch, and each keeps its own of every object', async () => {
  const { api, open, stop } = setUp()
  const [one, other] = [open({ type: hooks }, 'one'), open({ type: hooks }, 'other')]
  const done = Promise.all([one.cache.run(stop.signal), other.cache.run(stop.signal)])
  await settle()
  expect([api.requests.length, api.watches.length]).toEqual([1, 1])
  expect([one, other].map(({ cache }) => [cache.synced(), cache.fresh(), cache.get('shop', 'a')])).toEqual([
    [true, true, 'one first'],
    [true, true, 'other first'],
  ])

  api.watching().send({ type: 'MODIFIED', object: object('a', 8, 'second') })
  api.watching().send({ type: 'ADDED', object: object('b', 9, 'new') })
  api.watching().send({ type: 'DELETED', object: object('a', 10, 'second') })
  await settle()
  expect([one, other].map(({ cache }) => [...cache.values()])).toEqual([['one new'], ['other new']])
  expect(one.changes.map(({ name, now }) => [name, now])).toEqual([
    ['a', 'one first'],
    ['a', 'one second'],
    ['b', 'one new'],
    ['a', undefined],
  ])
  expect(other.changes).toHaveLength(4)

  stop.abort()
  await done
  expect([one, other].map(({ cache }) => cache.fresh())).toEqual([false, false])
})

test.each<[string, Source]>([
  ['another type', { type: configMaps }],
  ['another namespace', { type: hooks, namespace: 'shop' }],
  ['another selection', { type: hooks, fieldSelector: 'metadata.name=a' }],
])('those who follow %s are not mixed up with them', async (_what, source) => {
  const { api, open, stop } = setUp()
  const caches = [open({ type: hooks }, 'one').cache, open(source, 'other').cache]
  const done = Promise.all(caches.map(cache => cache.run(stop.signal)))
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  await settle()
  expect([api.requests.length, api.watches.length]).toEqual([2, 2])
})

test('a caller that would have missed the list gets an error', async () => {
  const { open, stop } = setUp()
  const done = open({ type: hooks }, 'one').cache.run(stop.signal)
  expect(() => open({ type: hooks }, 'late')).toThrow('would miss their list')
  stop.abort()
  await done
})

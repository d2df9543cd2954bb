import { beforeEach, expect, it } from 'vitest'
import { countOf, forget, lastDelivered, over, take, uncounted } from '../../../dashboard/page/store.ts'
import type { ListedHook, StreamEvent } from '../../../dashboard/protocol.ts'

beforeEach(forget)

const takeAll = (...events: readonly StreamEvent[]): void => events.forEach(event => take(event, 0))
const counts: StreamEvent = {
  type: 'counts',
  counts: ['shop/Deployment/web', 'shop/Deployment/api', 'shop/StatefulSet/db'].map(key => ({
    key,
    replicas: 3,
    ready: 3,
  })),
}
const replicas = (): unknown[] =>
  ['shop/Deployment/web', 'shop/Deployment/api', 'shop/StatefulSet/db'].map(key => countOf(key).value?.replicas)

it.each(['forbidden', 'expired'] as const)('a stream that begins is not over, where the last one was %s', why => {
  takeAll({ type: 'hello', version: '1' }, { type: 'ended', why, message: 'bob cannot list' })
  expect(over.value).toEqual({ why, message: 'bob cannot list' })
  takeAll({ type: 'hello', version: '1' })
  expect(over.value).toBeUndefined()
})

it.each([
  ['a deleted target loses its count', { type: 'countless', keys: ['shop/Deployment/web'] }, [undefined, 3, 3]],
  ['a new list ends the counts of its kind', { type: 'recount', kind: 'Deployment' }, [undefined, undefined, 3]],
  [
    'a kind that may not be read any more loses its counts',
    { type: 'uncounted', kind: 'Deployment', why: 'forbidden' },
    [undefined, undefined, 3],
  ],
] as const)('%s', (_, event, left) => {
  takeAll(counts)
  expect(replicas()).toEqual([3, 3, 3])
  takeAll(event)
  expect(replicas()).toEqual(left)
})

it('a kind is counted again once the user may read it', () => {
  takeAll({ type: 'uncounted', kind: 'Deployment', why: 'forbidden' }, { type: 'recount', kind: 'Deployment' })
  expect(uncounted.value.size).toBe(0)
})

it('a delivery is announced, and a change without a delivery is not announced as the last delivery once more', () => {
  const hook: ListedHook = {
    ...{ key: 'shop/web', namespace: 'shop', name: 'web', uid: 'u', generation: 1, driver: 'scale', does: '' },
    ...{ suspended: false, ready: 'True', reason: 'Valid', message: '', recent: [], counts: {}, url: 'status' },
  }
  const last = { time: '2026-01-02T00:00:00Z', sender: 'plain', outcome: 'applied', reason: 'Stepped', from: 1, to: 2 }
  takeAll({ type: 'begin' }, { type: 'rows', rows: [hook] }, { type: 'synced' })
  const delivered = { ...hook, last }
  takeAll({ type: 'rows', rows: [delivered] })
  expect(lastDelivered.value).toBe(delivered)
  takeAll({ type: 'rows', rows: [{ ...delivered, last: { ...last }, suspended: true }] })
  expect(lastDelivered.value).toBe(delivered)
})

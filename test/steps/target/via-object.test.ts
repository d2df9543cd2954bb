import type { CountAt } from '../../../src/steps/target/target.ts'
import { describe, expect, it } from 'vitest'
import { at, parseJson } from '../../../src/api/json.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import { viaObject } from '../../../src/steps/target/via-object.ts'
import { versionOf } from '../../../src/steps/target/read.ts'
import { patched } from '../../../apiserver/patch.ts'

const type = { group: 'acme.example', version: 'v1', resource: 'fleets', kind: 'Fleet' }
const object = (members: object, metadata: object = {}): StoredObject => ({
  ...members,
  metadata: { name: 'web', uid: 'u1', resourceVersion: '7', ...metadata },
})

/** Returns what the API server makes of the write of a count. */
const after = (count: CountAt, before: StoredObject, to: number | undefined, mark = 'm.1'): unknown => {
  const version = versionOf(count, before)
  if (!version) throw new Error('there is no count')
  const {
    body = '',
    contentType = '',
    path,
    query,
  } = count.write({ type, namespace: 'shop', name: 'web', at: count }, mark, version, to)
  expect(path).toBe('/apis/acme.example/v1/namespaces/shop/fleets/web')
  expect(query).toEqual({ fieldManager: 'receiver-hooks' })
  return patched(before, contentType, body, true)
}

const ships = viaObject({ way: ['spec', 'ships'], absent: 0 })
const pool = viaObject({ way: ['spec', 'pools', { name: 'workers' }, 'quantity'] })
const ordered = viaObject({
  way: ['spec', 'ships'],
  absent: 1,
  also: { path: ['spec', 'order', 'by'], value: 'Oldest' },
})
const pools = (...names: string[]) =>
  object({ spec: { pools: names.map(name => ({ name, quantity: 2, kept: 'yes' })) } })

describe('the write of a count on the object', () => {
  it('sets the count and the mark, and nothing else', () => {
    const before = object({ spec: { ships: 2, colour: 'blue' } }, { annotations: { kept: 'yes' } })
    expect(after(ships, before, 3)).toEqual(
      object({ spec: { ships: 3, colour: 'blue' } }, { annotations: { kept: 'yes', 'receiverhooks.dev/step': 'm.1' } }),
    )
  })

  it('makes the maps that are missing', () => {
    const marked = { annotations: { 'receiverhooks.dev/step': 'm.1' } }
    expect(after(ships, object({}), 1)).toEqual(object({ spec: { ships: 1 } }, marked))
    expect(after(ordered, object({}), 1)).toEqual(object({ spec: { ships: 1, order: { by: 'Oldest' } } }, marked))
  })

  it('finds an item of a list by its name, and fails where another has its place by then', () => {
    const before = pools('etcd', 'workers')
    expect(at(after(pool, before, 5), 'spec', 'pools')).toEqual([
      { name: 'etcd', quantity: 2, kept: 'yes' },
      { name: 'workers', quantity: 5, kept: 'yes' },
    ])
    const version = versionOf(pool, before)
    if (!version) throw new Error('there is no count')
    const { body = '', contentType = '' } = pool.write(
      { type, namespace: 'shop', name: 'web', at: pool },
      'm.1',
      version,
      5,
    )
    expect(() => patched(pools('workers', 'etcd'), contentType, body, true)).toThrow('the server rejected our request')
    expect(() => patched(object(before, { uid: 'u2' }), contentType, body, true)).toThrow(
      'the server rejected our request',
    )
  })

  it('names its version, so that the API server refuses it where that is no more', () => {
    const version = { uid: 'u1', resourceVersion: '7', ground: { count: '/spec/ships', makes: [] } }
    const { body = '' } = ships.write({ type, namespace: 'shop', name: 'web', at: ships }, 'm.1', version, 5)
    expect(parseJson(body)).toContainEqual({ op: 'replace', path: '/metadata/resourceVersion', value: '7' })
  })

  it('that is a fence leaves the count as it is, also where there is none', () => {
    const before = object({ spec: {} })
    const { mark, to } = ships.fence(before) ?? { mark: '', to: 0 }
    expect({ mark, to }).toEqual({ mark: 'receiver-hooks.fence.7', to: undefined })
    expect(after(ships, before, to, mark)).toEqual(
      object({ spec: {} }, { annotations: { 'receiverhooks.dev/step': 'receiver-hooks.fence.7' } }),
    )
  })
})

describe('the answer to it', () => {
  const from = { uid: 'u1', resourceVersion: '7' }
  const marked = { annotations: { 'receiverhooks.dev/step': 'm.1' }, resourceVersion: '8' }

  it('is the new version, with what the next write has to know', () => {
    const stored = ships.stored(JSON.stringify(object({ spec: { ships: 3 } }, marked)), 'm.1', from, 3)
    expect(stored).toEqual({ uid: 'u1', resourceVersion: '8', count: 3, ground: { count: '/spec/ships', makes: [] } })
  })

  it.each([
    ['the count was dropped', object({ spec: {} }, marked)],
    ['the mark was dropped', object({ spec: { ships: 3 } }, { resourceVersion: '8' })],
    [
      'another mark is there',
      object({ spec: { ships: 3 } }, { ...marked, annotations: { 'receiverhooks.dev/step': 'm.0' } }),
    ],
  ])('means that the object cannot be counted where %s', (_, answer) => {
    expect(ships.stored(JSON.stringify(answer), 'm.1', from, 3)).toMatchObject({ reason: 'NotScalable' })
  })

  it.each(['{"kind":"Status"}', '<html>'])('shows nothing where it is no object: %s', answer => {
    expect(ships.stored(answer, 'm.1', from, 3)).toBeUndefined()
  })
})

it('an object has a count where one is or where an absent one means something, and the mark of one that is there', () => {
  expect(ships.read(object({ spec: {} }))).toBe(0)
  expect(ships.read(object({ spec: { ships: '3' } }))).toBeUndefined()
  expect(ships.read(object({ spec: { ships: 2.5 } }))).toBeUndefined()
  expect(ships.read(object({ spec: { ships: 1e20 } }))).toBeUndefined()
  expect(pool.read(object({ spec: { pools: [{ name: 'workers' }] } }))).toBeUndefined()
  expect(pool.read(pools('etcd'))).toBeUndefined()
  const annotations = { 'receiverhooks.dev/step': 'm.1' }
  expect(ships.marks(object({ spec: { ships: 3 } }, { annotations }))).toEqual(['m.1'])
  expect(ships.marks(object({ spec: {} }, { annotations }))).toEqual([])
  expect(ships.marks(object({ spec: { ships: 3 } }))).toEqual([])
})

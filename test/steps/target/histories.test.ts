import { describe, expect, it } from 'vitest'
import { isStoredObject, type StoredObject } from '../../../src/api/object.ts'
import { patched } from '../../../apiserver/patch.ts'
import { countsAnnotation, historiesIn } from '../../../src/steps/target/histories.ts'
import { machinePools, poolCount, rancherClusters } from '../../../src/steps/target/pools.ts'
import { versionOf } from '../../../src/steps/target/read.ts'
import type { CountAt } from '../../../src/steps/target/target.ts'
import { markAnnotation, viaObject } from '../../../src/steps/target/via-object.ts'

const type = { group: 'acme.example', version: 'v1', resource: 'fleets', kind: 'Fleet' }
const least = viaObject({ way: ['spec', 'min'], absent: 1 })
const most = viaObject({ way: ['spec', 'max'], absent: 9 })
const mark = (since: string, word: number, number = '2a'): string => `receiver-hooks.4f.${number}.${since}.${word}`

const fleet = (spec: object = { min: 2, max: 9 }, metadata: object = {}): StoredObject => ({
  metadata: { name: 'web', uid: 'u1', resourceVersion: '70', ...metadata },
  spec,
})

/** Returns an object after a write of a count. */
const written = (count: CountAt, before: StoredObject, to: number | undefined, by: string): StoredObject => {
  const version = versionOf(count, before)
  if (!version) throw new Error('there is no count')
  const target = { type, namespace: 'shop', name: 'web', at: count }
  const { body = '', contentType = '' } = count.write(target, by, version, to)
  const after = patched(before, contentType, body, true)
  if (!isStoredObject(after)) throw new Error('that is no object')
  return after
}

const managed = (object: StoredObject, ...entries: readonly (readonly [string, object])[]): StoredObject => ({
  ...object,
  metadata: { ...object.metadata, managedFields: entries.map(([manager, fieldsV1]) => ({ manager, fieldsV1 })) },
})

describe('an object with several counts', () => {
  it("says of each since when it is the hooks', and what it was then", () => {
    const one = written(least, fleet(), 3, mark('70', 2))
    const both = written(most, one, 8, mark('71', 9))
    expect(historiesIn(both)).toEqual({
      'spec.min': { since: '70', word: 2, is: 3 },
      'spec.max': { since: '71', word: 9, is: 8 },
    })
    expect(least.lastWord(both)).toEqual({ since: '70', word: 2 })
    expect(most.lastWord(both)).toEqual({ since: '71', word: 9 })
  })

  it('keeps that when a fence is written', () => {
    const before = written(least, fleet(), 3, mark('70', 2))
    const fenced = written(least, before, undefined, 'receiver-hooks.fence.70')
    expect([fenced.metadata.annotations?.[markAnnotation], least.lastWord(fenced)]).toEqual([
      'receiver-hooks.fence.70',
      { since: '70', word: 2 },
    ])
  })

  it('of which somebody else has set one says so of that one alone', () => {
    const both = written(most, written(least, fleet(), 3, mark('70', 2)), 8, mark('71', 9))
    const edited = { ...both, spec: { min: 3, max: 7 } }
    expect([least.lastWord(edited), most.lastWord(edited)]).toEqual([{ since: '70', word: 2 }, undefined])
  })

  it('of which somebody else owns one says so of that one alone', () => {
    const both = written(most, written(least, fleet(), 3, mark('70', 2)), 8, mark('71', 9))
    const ours = ['receiver-hooks', { 'f:spec': { 'f:min': {}, 'f:max': {} } }] as const
    expect(most.lastWord(managed(both, ours))).toEqual({ since: '71', word: 9 })
    const applied = managed(both, ours, ['gitops', { 'f:spec': { 'f:max': {} } }])
    expect([least.lastWord(applied), most.lastWord(applied)]).toEqual([{ since: '70', word: 2 }, undefined])
  })

  it.each(['', '{', '[]', '{"spec.min":3}', '{"spec.min":{"since":"soon","word":2,"is":3}}'])(
    'whose annotation somebody has spoiled says nothing: %s',
    text => {
      const spoiled = fleet({ min: 3 }, { annotations: { [countsAnnotation]: text, [markAnnotation]: mark('70', 2) } })
      expect(least.lastWord(spoiled)).toBeUndefined()
      expect(least.lastWord(written(least, spoiled, 4, mark('72', 3)))).toEqual({ since: '72', word: 3 })
    },
  )

  it('says nothing after an earlier version of the product has written it', () => {
    const before = written(least, fleet(), 3, mark('70', 2))
    expect(least.lastWord(written(least, before, 3, 'receiver-hooks.4f.2b'))).toBeUndefined()
  })

  it('says it of 64 counts at most, the last that were written', () => {
    let object = fleet({})
    for (let i = 0; i < 70; i++)
      object = written(viaObject({ way: ['spec', `n${i}`], absent: 1 }), object, 2, mark('70', 1))
    const fields = Object.keys(historiesIn(object) ?? {})
    expect([fields.length, fields[0], fields.at(-1)]).toEqual([64, 'spec.n6', 'spec.n69'])
  })
})

describe('a pool', () => {
  const pools = (quantity: number): StoredObject =>
    fleet({
      rkeConfig: {
        machinePools: [
          { name: 'workers', quantity },
          { name: 'others', quantity: 1 },
        ],
      },
    })
  const workers = poolCount(rancherClusters, 'workers')

  it('is distinguished from another of the same object', () => {
    const one = written(workers, pools(2), 3, mark('70', 2))
    expect(workers.lastWord(one)).toEqual({ since: '70', word: 2 })
    expect(poolCount(rancherClusters, 'others').lastWord(one)).toBeUndefined()
  })

  it("is somebody else's who owns the item with its name", () => {
    const one = written(workers, pools(2), 3, mark('70', 2))
    const field = (name: string): object => ({
      'f:spec': { 'f:rkeConfig': { 'f:machinePools': { [`k:{"name":"${name}"}`]: { 'f:quantity': {} } } } },
    })
    expect(workers.lastWord(managed(one, ['gitops', field('others')]))).toEqual({ since: '70', word: 2 })
    expect(workers.lastWord(managed(one, ['gitops', field('workers')]))).toBeUndefined()
  })

  it('of a list that the API server tracks as a whole is recognised by its number', () => {
    const one = written(workers, pools(2), 3, mark('70', 2))
    const whole = managed(one, ['gitops', { 'f:spec': { 'f:rkeConfig': { 'f:machinePools': {} } } }])
    expect(workers.lastWord(whole)).toEqual({ since: '70', word: 2 })
  })

  it('has one history, in whichever order its machines are removed', () => {
    const pool = fleet({ replicas: 2 })
    const ordered = written(poolCount(machinePools), pool, 3, mark('70', 2))
    expect(Object.keys(historiesIn(ordered) ?? {})).toEqual(['spec.replicas'])
  })
})

describe('the mark of the last write on an object', () => {
  const annotation = (manager: string) =>
    [manager, { 'f:metadata': { 'f:annotations': { [`f:${markAnnotation}`]: {} } } }] as const

  it('is there as long as nobody has put back an old copy of the object', () => {
    const one = written(least, fleet(), 3, mark('70', 2))
    expect(least.lastMark(one)).toBe(mark('70', 2))
    expect(least.lastMark(managed(one, annotation('receiver-hooks')))).toBe(mark('70', 2))
    expect(least.lastMark(managed(one, annotation('kubectl-replace')))).toBeUndefined()
  })

  it('is none where somebody has written something else there', () => {
    expect(least.lastMark(fleet({ min: 2 }, { annotations: { [markAnnotation]: 'mine' } }))).toBeUndefined()
  })
})

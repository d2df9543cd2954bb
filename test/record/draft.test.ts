import { expect, it } from 'vitest'
import type { ClaimedRow, Row } from '../../src/api/row.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { emptyMemory, type Memory } from '../../src/record/memory.ts'
import { applied } from '../../src/record/protocol.ts'
import { fc, property } from '../support/property.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 0, 1)
const mark = 'receiver-hooks.a.1'

const isNamed = ({ key }: Row): boolean => !key.includes('/')

/** Returns what `add` makes of the rows of a memory, gone through one after another as its description says. */
const plainly = ({ maxRows = 4000, rows }: Memory, row: Row): readonly Row[] => {
  const replaced = rows.findLast(({ key }) => key === row.key)
  const body = replaced?.state === 'claimed' ? undefined : replaced?.body
  const kept =
    replaced && body !== undefined && body !== row.body && body !== row.key ? { ...replaced, key: body } : undefined
  const others = rows.filter(({ key }) => ![row.key, row.body, kept?.key].includes(key))
  const fresh = [...others, ...(kept ? [kept] : [])].filter(
    ({ at, state }) => (state === 'claimed' && at > row.at) || Math.abs(row.at - at) < 24 * hour,
  )
  const all = [...fresh, row]
  const done = all.filter(one => one.state !== 'claimed' && isNamed(one) === isNamed(row))
  const most = (isNamed(row) ? maxRows : 200) - (row.state === 'claimed' ? 1 : 0)
  const oldest = done.toSorted((a, b) => a.at - b.at).slice(0, Math.max(0, done.length - most))
  return all.filter(one => !oldest.includes(one))
}

const rowArbitrary: fc.Arbitrary<Row> = fc
  .record({
    key: fc.oneof(
      fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'),
      fc.integer({ min: 0, max: 9 }).map(n => `${mark}/${n}`),
    ),
    at: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 5 }).map(n => now + n * 1000) },
      { weight: 1, arbitrary: fc.integer({ min: -60, max: 60 }).map(n => now + n * hour) },
    ),
    body: fc.option(fc.constantFrom('a', 'body 1', 'body 2'), { nil: undefined, freq: 3 }),
    isClaimed: fc.boolean(),
  })
  .map(({ at, body, isClaimed, key }): Row => {
    const moment = { key, at, from: 1, to: 2, ...(body !== undefined && { body }) }
    const claim = { mark, target: 'web', uid: 'uid', version: '7', to: 2, helped: false }
    return isClaimed ? { ...moment, state: 'claimed', claim } : { ...moment, state: 'done' }
  })

const of = (rows: readonly Row[], maxRows?: number): MemoryDraft =>
  new MemoryDraft({ ...emptyMemory, rows, ...(maxRows !== undefined && { maxRows }) })

const rowsIn = (draft: MemoryDraft): readonly Row[] => draft.memory().rows

/** Checks that a draft finds what going through its rows finds. */
const isRight = (draft: MemoryDraft): void => {
  const rows = rowsIn(draft)
  for (const key of [...rows.map(row => row.key), 'a', 'body 1', 'nobody', `${mark}/1`]) {
    expect(draft.get(key)).toBe(rows.find(row => row.key === key))
  }
  expect(draft.claims()).toEqual(rows.filter(({ state }) => state === 'claimed'))
  expect(draft.size).toBe(rows.length)
}

property(
  'a row is added, and others are forgotten, as if all rows were gone through',
  [fc.array(rowArbitrary, { maxLength: 120, size: 'max' }), fc.constantFrom(undefined, 1, 3, 6), fc.nat(20)],
  (added, maxRows, forkEvery) => {
    let draft = of([], maxRows)
    for (const [index, row] of added.entries()) {
      const rows = plainly(draft.memory(), row)
      if (index % (forkEvery + 1) === 0) draft = draft.fork()
      draft.add(row)
      expect(rowsIn(draft)).toEqual(rows)
      isRight(draft)
    }
  },
)

type Change = 'replace' | 'put back' | 'remove' | 'fork'

property(
  'rows keep their places through changes and forks, as in a map of all of them',
  [
    fc.array(fc.tuple(fc.constantFrom<Change>('replace', 'replace', 'put back', 'remove', 'fork'), fc.nat(99)), {
      maxLength: 150,
      size: 'max',
    }),
  ],
  changes => {
    const first = Array.from({ length: 50 }, (_, n): Row => done(`k${n}`))
    const model = new Map(first.map(row => [row.key, row]))
    let draft = of(first)
    for (const [change, n] of changes) {
      const key = `k${n}`
      const parent = draft
      const before = [...model.values()]
      if (change === 'fork') draft = draft.fork()
      if (change === 'remove' && draft.get(key)) {
        draft.remove(key)
        model.delete(key)
      }
      if (change === 'replace' || change === 'put back') {
        const row = (change === 'put back' ? first[n] : undefined) ?? { ...done(key), to: n }
        draft.replace([row])
        model.set(key, row)
      }
      expect(rowsIn(draft)).toEqual([...model.values()])
      if (draft !== parent) expect([rowsIn(parent), draft.isChanged]).toEqual([before, false])
      isRight(draft)
    }
  },
)

it('a fork changes nothing in what it was made of', () => {
  const start = of(Array.from({ length: 20 }, (_, n) => done(`k${n}`)))
  const before = start.memory()
  const [one, other] = [start.fork(), start.fork()]
  one.add(done('x'))
  other.add({ ...done('k3'), to: 9 })
  other.set({ ranAt: 7 })
  expect([one.get('k3'), other.get('k3'), start.get('k3')]).toMatchObject([{ to: 2 }, { to: 9 }, { to: 2 }])
  expect([start.isChanged, one.isChanged, start.fields.ranAt, other.fields.ranAt]).toEqual([false, true, undefined, 7])
  expect(start.memory()).toBe(before)
  for (const draft of [start, one, other]) isRight(draft)
})

it('a draft adopts what is in its fork, and nothing of one that is as it was', () => {
  const draft = of([done('a')])
  draft.adopt(draft.fork())
  expect(draft.isChanged).toBe(false)
  const fork = draft.fork()
  fork.add(done('b'))
  fork.set({ ranAt: 7 })
  draft.adopt(fork)
  expect([draft.isChanged, draft.memory()]).toEqual([true, { ...emptyMemory, rows: [done('a'), done('b')], ranAt: 7 }])
})

it('a draft adopts also what its fork has cleared', () => {
  const draft = new MemoryDraft({
    ...emptyMemory,
    runs: [{ at: now, of: 'a' }],
    overdue: { at: now, why: 'it is busy' },
  })
  const fork = draft.fork()
  fork.clear('runs')
  fork.clear('overdue')
  draft.adopt(fork)
  expect(draft.memory()).toEqual(emptyMemory)
  expect([draft.fields.runs, draft.fields.overdue]).toEqual([undefined, undefined])
})

it.each<[string, (draft: MemoryDraft) => void]>([
  ['members are set', draft => draft.set({ ranAt: 7 })],
  ['it is to be stored as it is', draft => draft.set({})],
  ['a member is cleared', draft => draft.clear('runs')],
  ['a row is added', draft => draft.add(done('b'))],
  ['a row is replaced', draft => draft.replace([{ ...done('a'), to: 9 }])],
  ['a row is removed', draft => draft.remove('a')],
])('a draft has changed, and gives another memory, where %s', (_what, change) => {
  const memory = { ...emptyMemory, rows: [done('a')], runs: [{ at: now, of: 'a' }] }
  const draft = new MemoryDraft(memory)
  expect([draft.isChanged, draft.memory()]).toEqual([false, memory])
  change(draft)
  expect(draft.isChanged).toBe(true)
  expect(draft.memory()).not.toBe(memory)
})

it('what others have stored twice under one key is one row, the last one', () => {
  const draft = of([done('a'), done('b'), { ...done('a'), to: 9 }])
  expect(draft.get('a')).toMatchObject({ to: 9 })
  draft.add(done('c'))
  expect(rowsIn(draft).map(({ key }) => key)).toEqual(['a', 'b', 'c'])
})

it('a write that turns out to be stored ends its own rows, among thousands', () => {
  const claim = { mark, target: 'web', uid: 'uid', version: '7', to: 2, helped: false }
  const claimed = Array.from({ length: 100 }, (_, n): ClaimedRow => ({ ...done(`c${n}`), state: 'claimed', claim }))
  const before = [...Array.from({ length: 3000 }, (_, n) => done(`k${n}`)), ...claimed]
  const draft = of(before)
  applied(draft, mark, claimed)
  expect(draft.claims()).toEqual([])
  expect(rowsIn(draft).map(({ key }) => key)).toEqual(before.map(({ key }) => key))
  isRight(draft)
})

const done = (key: string): Row & { readonly state: 'done' } => ({ state: 'done', key, at: now, from: 1, to: 2 })

import type { ClaimedRow, Row } from '../../src/api/row.ts'
import { expect, it } from 'vitest'
import { applied } from '../../src/record/changes.ts'
import { withRow, withRows } from '../../src/record/rows.ts'
import { lookupOf } from '../../src/record/lookup.ts'
import { emptyMemory, type Memory } from '../../src/record/memory.ts'
import { fc, property } from '../support/property.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 0, 1)
const mark = 'receiver-hooks.a.1'

const isNamed = ({ key }: Row): boolean => !key.includes('/')

/** What `withRow` makes of the rows of a memory, gone through one after another as its description says. */
const plainly = ({ mostRows = 4000, rows }: Memory, row: Row): readonly Row[] => {
  const replaced = rows.findLast(({ key }) => key === row.key)
  const body = replaced?.state === 'claimed' ? undefined : replaced?.body
  const kept = replaced && body !== undefined && body !== row.body ? { ...replaced, key: body } : undefined
  const others = rows.filter(({ key }) => ![row.key, row.body, kept?.key].includes(key))
  const fresh = [...others, ...(kept ? [kept] : [])].filter(
    ({ at, state }) => (state === 'claimed' && at > row.at) || Math.abs(row.at - at) < 24 * hour,
  )
  const all = [...fresh, row]
  const done = all.filter(one => one.state !== 'claimed' && isNamed(one) === isNamed(row))
  const most = (isNamed(row) ? mostRows : 200) - (row.state === 'claimed' ? 1 : 0)
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

/** Sees that what is known of rows is what going through them tells. */
const isRight = (rows: readonly Row[]): void => {
  const lookup = lookupOf(rows)
  for (const key of [...rows.map(row => row.key), 'a', 'body 1', 'nobody', `${mark}/1`]) {
    expect(lookup.get(key)).toBe(rows.findLast(row => row.key === key))
    expect(new Set(lookup.all([key, undefined]))).toEqual(new Set(rows.filter(row => row.key === key)))
  }
  const done = rows.filter(({ state }) => state !== 'claimed')
  expect({ named: lookup.named, unnamed: lookup.unnamed }).toEqual({
    named: done.filter(isNamed).length,
    unnamed: done.filter(row => !isNamed(row)).length,
  })
  for (const { at } of rows) expect(at >= lookup.oldest && at <= lookup.newest).toBe(true)
}

property(
  'a row is added, and others are forgotten, as if all rows were gone through',
  [
    // What others have edited may have one key twice.
    fc.array(rowArbitrary, { maxLength: 4 }),
    fc.array(rowArbitrary, { maxLength: 120, size: 'max' }),
    fc.constantFrom(undefined, 1, 3, 6),
  ],
  (stored, added, mostRows) => {
    const before: Memory = { ...emptyMemory, rows: stored, ...(mostRows !== undefined && { mostRows }) }
    let memory = before
    for (const row of added) {
      const rows = plainly(memory, row)
      memory = withRow(row)(memory)
      expect(memory.rows).toEqual(rows)
      isRight(memory.rows)
    }
    const together = withRows(added)(before)
    expect(together.rows).toEqual(memory.rows)
    isRight(together.rows)
    isRight(before.rows)
  },
)

it('what is known of the rows of a memory stays true when others are made of it', () => {
  const start: Memory = { ...emptyMemory, rows: Array.from({ length: 20 }, (_, n) => done(`k${n}`)) }
  const one = withRow(done('x'))(start)
  const other = withRow({ ...done('k3'), to: 9 })(start)
  expect(lookupOf(one.rows).get('k3')).toMatchObject({ to: 2 })
  expect(lookupOf(other.rows).get('k3')).toMatchObject({ to: 9 })
  expect(lookupOf(start.rows).get('k3')).toMatchObject({ to: 2 })
  for (const { rows } of [start, one, other]) isRight(rows)
})

it('a write that turns out to be stored ends its own rows, among thousands', () => {
  const claim = { mark, target: 'web', uid: 'uid', version: '7', to: 2, helped: false }
  const claimed = Array.from({ length: 100 }, (_, n): ClaimedRow => ({ ...done(`c${n}`), state: 'claimed', claim }))
  const before: Memory = {
    ...emptyMemory,
    rows: [...Array.from({ length: 3000 }, (_, n) => done(`k${n}`)), ...claimed],
  }
  const { rows } = applied(mark, claimed)(before)
  expect(rows.filter(({ state }) => state === 'claimed')).toEqual([])
  expect(rows.map(({ key }) => key)).toEqual(before.rows.map(({ key }) => key))
  isRight(rows)
})

const done = (key: string): Row & { readonly state: 'done' } => ({ state: 'done', key, at: now, from: 1, to: 2 })

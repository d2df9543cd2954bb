import { describe, expect, it } from 'vitest'
import { parseContent, recordFormat, unhelpedFormat, type StoredRow } from '../../src/api/record.ts'
import { helped } from '../../src/record/helped.ts'
import { emptyMemory, memoryOf, rowOf, storedOf, type Row } from '../../src/record/memory.ts'

const claim = { mark: 'rhook.a.1', target: 'apps/v1/deployments/Deployment/web', uid: 't1', version: '7', to: 3 }
const report = { group: 'gsZ1', firing: ['q83vEjRW'] }

/** Rows as the first version has stored them, each with the state that its members mean. */
const samples: readonly (readonly [string, StoredRow, Row])[] = [
  [
    'a step that is made',
    { key: 'a', at: 5, newsAt: 4, from: 2, to: 3 },
    { state: 'done', key: 'a', at: 5, newsAt: 4, from: 2, to: 3 },
  ],
  [
    'a step that its alerts can take back, which needs no group any more',
    { key: 'a', at: 5, from: 2, to: 3, group: 'gsZ1' },
    { state: 'done', key: 'a', at: 5, from: 2, to: 3 },
  ],
  [
    'a step of a signed body',
    { key: 'a', at: 5, body: 'b', from: 2, to: 3 },
    { state: 'done', key: 'a', at: 5, body: 'b', from: 2, to: 3 },
  ],
  ['a skip', { key: 'a', at: 5, skipped: 'Suspended' }, { state: 'skipped', key: 'a', at: 5, reason: 'Suspended' }],
  [
    'a write of which nobody could tell',
    { key: 'a', at: 5, skipped: 'OutcomeUnknown', lost: 'rhook.a.1' },
    { state: 'untold', key: 'a', at: 5, mark: 'rhook.a.1' },
  ],
  ['a claim', { key: 'a', at: 5, from: 2, to: 3, claim }, { state: 'claimed', key: 'a', at: 5, from: 2, to: 3, claim }],
  [
    'a claim of a delivery that was decided before',
    {
      key: 'a',
      at: 5,
      newsAt: 4,
      group: 'gsZ1',
      report,
      former: { at: 1, newsAt: 0, from: 1, to: 2 },
      from: 2,
      to: 3,
      claim,
    },
    {
      state: 'claimed',
      key: 'a',
      at: 5,
      newsAt: 4,
      from: 2,
      to: 3,
      claim,
      group: 'gsZ1',
      report,
      former: { state: 'done', at: 1, newsAt: 0, from: 1, to: 2 },
    },
  ],
  [
    'a claim that takes back, of a delivery that was skipped before',
    { key: 'a', at: 5, group: 'gsZ1', undoes: 1, former: { at: 1, skipped: 'Resolved' }, from: 3, to: 2, claim },
    {
      state: 'claimed',
      key: 'a',
      at: 5,
      from: 3,
      to: 2,
      claim,
      group: 'gsZ1',
      undoes: 1,
      former: { state: 'skipped', at: 1, reason: 'Resolved' },
    },
  ],
]

const others = { groups: {}, undo: {}, recent: [], counts: {}, writers: [] }

describe('a record that the first version has stored', () => {
  it.each(samples)('holds, in its state: %s', (_, stored, row) => {
    expect(rowOf(stored)).toEqual(row)
  })

  it('is stored again as it was, but for its format and what nobody reads', () => {
    const rows = samples.map(([, stored]) => stored)
    const parsed = parseContent(JSON.stringify({ ...others, ranAt: 5, rows }))
    if (parsed.content !== 'known') throw new Error(parsed.content)
    const withoutGroup = rows.map(row => {
      const { group: _, ...rest } = row
      return row.claim ? row : rest
    })
    expect(storedOf(memoryOf(parsed.memory))).toEqual({ format: 1, ...others, ranAt: 5, rows: withoutGroup })
  })
})

describe('a claim that nobody has helped', () => {
  const unhelped = { key: 'jAS1', at: 1, from: 2, to: 3, claim: { ...claim, helped: false } }

  it('has its record wait for versions that say whether they help', () => {
    const stored = storedOf({ ...emptyMemory, rows: [rowOf(unhelped)] })
    expect(stored).toMatchObject({ format: unhelpedFormat, rows: [unhelped] })
  })

  it('leaves the record to earlier versions once somebody has helped it', () => {
    const memory = helped(claim.mark)({ ...emptyMemory, rows: [rowOf(unhelped)] })
    expect(storedOf(memory)).toMatchObject({ format: 1, rows: [{ ...unhelped, claim }] })
    expect(helped(claim.mark)(memory)).toBe(memory)
  })
})

describe('the content of a record', () => {
  it.each([
    ['of a later version is not guessed', { format: recordFormat + 1, pages: [] }, 'newer'],
    [
      'of a later version is not guessed, though it looks like ours',
      { format: recordFormat + 1, ...others, rows: [] },
      'newer',
    ],
    ['of this version is known', { format: recordFormat, ...others, rows: [] }, 'known'],
    ['without a format is of the first version', { ...others, rows: [] }, 'known'],
    [
      'that lists as many pages as a record has',
      { format: recordFormat, ...others, rows: [], pages: Array(512).fill('p') },
      'known',
    ],
    [
      'that lists more is unreadable',
      { format: recordFormat, ...others, rows: [], pages: Array(513).fill('p') },
      'unreadable',
    ],
    ['that is longer than a record is unreadable', { ...others, rows: [], more: 'x'.repeat(1_100_000) }, 'unreadable'],
    ['that lacks something is unreadable', { format: recordFormat, rows: [] }, 'unreadable'],
    ['with another kind of format is unreadable', { format: 'two', ...others, rows: [] }, 'unreadable'],
  ])('%s', (_, content, found) => {
    expect(parseContent(JSON.stringify(content)).content).toBe(found)
  })
})

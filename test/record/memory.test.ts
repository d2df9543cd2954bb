import { describe, expect, it } from 'vitest'
import { parseContent, recordFormat } from '../../src/api/record.ts'
import type { Row } from '../../src/api/row.ts'
import { emptyMemory, memoryOf, storedOf } from '../../src/record/memory.ts'
import { helped } from '../support/memories.ts'

const claim = {
  mark: 'rhook.a.1',
  target: 'apps/v1/deployments/Deployment/web',
  uid: 't1',
  version: '7',
  to: 3,
  helped: false,
}
const claimed: Row = { state: 'claimed', key: 'a', at: 5, from: 2, to: 3, claim }

/** A row in each state, with all that it may have. */
const samples: readonly (readonly [string, Row])[] = [
  ['a step that is made', { state: 'done', key: 'a', at: 5, newsAt: 4, body: 'b', from: 2, to: 3 }],
  ['an act', { state: 'acted', key: 'a', at: 5, summary: 'rolled out Deployment/web' }],
  ['a skip', { state: 'skipped', key: 'a', at: 5, reason: 'Suspended' }],
  ['a write whose outcome nobody knows', { state: 'unknown', key: 'a', at: 5, mark: 'rhook.a.1' }],
  ['a claim', claimed],
  [
    'a claim that takes back, of a delivery that was decided before',
    {
      ...claimed,
      newsAt: 4,
      group: 'gsZ1',
      undoes: 1,
      report: { group: 'gsZ1', firing: ['q83vEjRW'] },
      former: { state: 'done', at: 1, newsAt: 0, from: 1, to: 2 },
    },
  ],
]

const others = { groups: {}, recent: [], counts: {}, writers: [] }

describe('what is stored of a record', () => {
  it.each(samples)('is read as it was: %s', (_, row) => {
    const memory = { ...emptyMemory, ranAt: 5, rows: [row] }
    const parsed = parseContent(JSON.stringify(storedOf(memory)))
    expect(parsed.content === 'known' && memoryOf(parsed.memory)).toEqual(memory)
  })

  it('says that somebody helps with a claim, once', () => {
    const memory = helped(claim.mark)({ ...emptyMemory, rows: [claimed] })
    expect(memory.rows).toEqual([{ ...claimed, claim: { ...claim, helped: true } }])
    expect(helped(claim.mark)(memory)).toBe(memory)
  })
})

describe('the content of a record', () => {
  const part = { key: 'a', object: 0, delta: 1, since: '1', at: 5 }
  const content = (more: object) => ({ format: recordFormat, ...others, rows: [], ...more })
  it.each<[string, object, string]>([
    ['of a later version is not guessed', { format: recordFormat + 1, pages: [] }, 'newer'],
    ['of a later version is not guessed, though it looks like ours', content({ format: recordFormat + 1 }), 'newer'],
    ['of this version is known', content({}), 'known'],
    [
      'of an earlier version, of which none was released, is unreadable',
      content({ format: recordFormat - 1 }),
      'unreadable',
    ],
    ['without a format is unreadable', { ...others, rows: [] }, 'unreadable'],
    ['with a row that lacks its state is unreadable', content({ rows: [{ key: 'a', at: 1 }] }), 'unreadable'],
    [
      'with a row that lacks what its state has is unreadable',
      content({ rows: [{ state: 'done', key: 'a', at: 1 }] }),
      'unreadable',
    ],
    [
      'with a claim in the place of no such row is unreadable',
      content({ rows: [{ ...claimed, former: { state: 'claimed', at: 1 } }] }),
      'unreadable',
    ],
    ['that lists as many pages as a record has', content({ pages: Array(512).fill('p') }), 'known'],
    ['that lists more is unreadable', content({ pages: Array(513).fill('p') }), 'unreadable'],
    ['that is longer than a record is unreadable', content({ more: 'x'.repeat(1_100_000) }), 'unreadable'],
    [
      'with a part since no version is unreadable',
      content({ objects: [], parts: [{ ...part, since: 'x' }] }),
      'unreadable',
    ],
    [
      'with a part since no possible version is unreadable',
      content({ parts: [{ ...part, since: '-1' }] }),
      'unreadable',
    ],
    ['with a part that ends at no time is unreadable', content({ parts: [{ ...part, until: 9e15 }] }), 'unreadable'],
    ...['ranAt', 'tooShortAt', 'unknownAt', 'fullAt', 'limitedAt'].flatMap((name): [string, object, string][] => [
      [`with ${name} after the year 9999 is unreadable`, content({ [name]: 253_402_300_800_000 }), 'unreadable'],
      [`with ${name} before the year 0 is unreadable`, content({ [name]: -62_167_219_200_001 }), 'unreadable'],
    ]),
    ['that is overdue since no time is unreadable', content({ overdue: { at: 9e15, why: 'x' } }), 'unreadable'],
    ['with a run at no time is unreadable', content({ runs: [{ at: 8.6e15, of: '' }] }), 'unreadable'],
    [
      'with a delivery at no time is unreadable',
      content({ recent: [{ at: 9e15, sender: 'plain', outcome: 'skipped', reason: 'Filtered' }] }),
      'unreadable',
    ],
    [
      'with a row of no time is unreadable',
      content({ rows: [{ state: 'skipped', key: 'a', at: 9e15, reason: 'Filtered' }] }),
      'unreadable',
    ],
    // A sender may say any time, and its hook must not forget all else for it.
    [
      'with any time by the clock of a sender is known',
      content({
        rows: [{ state: 'skipped', key: 'a', at: 1, newsAt: 8.64e15, reason: 'Filtered' }],
        groups: { a: { at: 1, firing: [], beganAt: 8.64e15, endedAt: -8.64e15, someEndedAt: 8.64e15 } },
      }),
      'known',
    ],
    ['with possible parts is known', content({ parts: [{ ...part, since: '12', until: 9 }] }), 'known'],
    ['that lacks something is unreadable', { format: recordFormat, rows: [] }, 'unreadable'],
    ['with another kind of format is unreadable', content({ format: 'two' }), 'unreadable'],
  ])('%s', (_, content, found) => {
    expect(parseContent(JSON.stringify(content)).content).toBe(found)
  })

  const link = 'https://a.eventgrid.azure.net/'
  it.each([
    ['without one', undefined, undefined],
    ['with one', { at: 1, subject: '/a', link }, { at: 1, subject: '/a', link }],
    // Earlier versions stored what anybody had posted.
    ['without one of a long subject', { at: 1, subject: 'x'.repeat(900_000), link }, undefined],
    ['without one of a long link', { at: 1, subject: '', link: link + 'x'.repeat(900_000) }, undefined],
    ['without one of another form', { at: 'now' }, undefined],
    ['without one of no time', { at: 9e15, subject: '/a', link }, undefined],
  ])('asks for a confirmation: %s', (_, confirmation, found) => {
    const parsed = parseContent(JSON.stringify(content({ ranAt: 5, confirmation })))
    if (parsed.content !== 'known') throw new Error(`the content is ${parsed.content}`)
    expect(parsed.memory.ranAt).toBe(5)
    expect(parsed.memory.confirmation).toEqual(found)
    expect(JSON.stringify(storedOf(memoryOf(parsed.memory))).length).toBeLessThan(1000)
  })
})

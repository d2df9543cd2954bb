import { describe, expect, it } from 'vitest'
import { parseContent, type RecentDelivery } from '../../src/api/record.ts'
import type { Claim, ClaimedRow, DoneRow } from '../../src/api/row.ts'
import { maxRecent } from '../../src/api/status.ts'
import { reportOf } from '../../src/record/groups.ts'
import { ofWrite } from '../../src/record/protocol.ts'
import { emptyMemory, memoryOf, noteOf, storedOf, type Memory } from '../../src/record/memory.ts'
import { fc, property } from '../support/property.ts'
import {
  allSeen,
  applied,
  claimsIn,
  dropped,
  noted,
  rowsOf,
  type Change,
  givenUp,
  withReport,
  undoOf,
  withRow,
  withState,
} from '../support/memories.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 0, 1)

const claimed = (mark: string): Claim => ({
  mark,
  target: 'apps/v1/deployments/Deployment/web',
  uid: 't1',
  version: '7',
  to: 3,
  helped: true,
})
const row = (key: string, more: Partial<DoneRow> = {}): DoneRow => ({
  state: 'done',
  key,
  at: now,
  from: 2,
  to: 3,
  ...more,
})
const claim = (key: string, more: Partial<ClaimedRow> & Pick<ClaimedRow, 'claim'>): ClaimedRow => ({
  state: 'claimed',
  key,
  at: now,
  from: 2,
  to: 3,
  ...more,
})
const after = (...updates: readonly Change[]): Memory => updates.reduce((so, update) => update(so), emptyMemory)
const keys = ({ rows }: Memory): string[] => rows.map(({ key }) => key)

const delivered = (delivery: Partial<RecentDelivery>): Change =>
  noted(noteOf({ at: now, sender: 'plain', outcome: 'applied', reason: 'Stepped', ...delivery }))

describe('what is remembered of deliveries', () => {
  it('is the last four thousand, the oldest forgotten first', () => {
    const memory = after(...Array.from({ length: 4003 }, (_, i) => withRow(row(`${i}`))))
    expect(memory.rows).toHaveLength(4000)
    expect([keys(memory)[0], keys(memory).at(-1)]).toEqual(['3', '4002'])
  })

  it('keeps each name, however many deliveries without one come after it', () => {
    const unnamed = Array.from({ length: 5000 }, (_, i) => withRow(row(`receiver-hooks.a.${i}/0`, { at: now + i })))
    const memory = after(withRow(row('name')), ...unnamed)
    expect(keys(memory)[0]).toBe('name')
    expect(memory.rows.length).toBeLessThan(1000)
  })

  it('is a day old at the most, by whichever clock', () => {
    const old = after(withRow(row('old')), withRow(row('next', { at: now + 24 * hour - 1 })))
    expect(keys(old)).toEqual(['old', 'next'])
    expect(keys(withRow(row('new', { at: now + 24 * hour }))(old))).toEqual(['next', 'new'])
    expect(keys(withRow(row('behind', { at: now - 25 * hour }))(old))).toEqual(['behind'])
  })

  it('never loses a claim of the last day, however much comes after it', () => {
    const claims = Array.from({ length: 1200 }, (_, i) => withRow(claim(`claim ${i}`, { claim: claimed('m') })))
    const memory = after(...claims, withRow(row('new', { at: now + 23 * hour })))
    expect(rowsOf(memory, 'm')).toHaveLength(1200)
    expect(keys(memory).at(-1)).toBe('new')
    expect(rowsOf(after(...claims, withRow(row('later', { at: now + 25 * hour }))), 'm')).toEqual([])
  })

  it('has room for what is done, however many claims nobody has finished', () => {
    const claims = Array.from({ length: 1000 }, (_, i) => withRow(claim(`claim ${i}`, { claim: claimed('m') })))
    expect(keys(after(...claims, withRow(row('a')), withRow(row('b'))))).toContain('a')
  })

  it('is one row for each key, the newest', () => {
    const memory = after(withRow(row('a')), withRow(row('b')), withRow(row('a', { at: now + 1 })))
    expect(memory.rows.map(({ at, key }) => [key, at])).toEqual([
      ['b', now],
      ['a', now + 1],
    ])
  })

  it('is 64 groups of alerts, those reported last', () => {
    const report = (i: number) => withReport(reportOf({ key: `${i}`, firing: ['x'], mixed: false }), now + i)
    const memory = after(...Array.from({ length: 70 }, (_, i) => report(i)))
    const isSeen = (i: number) => allSeen(memory, { key: `${i}`, firing: ['x'], mixed: true })
    expect(Object.keys(memory.groups)).toHaveLength(64)
    expect([isSeen(5), isSeen(6), isSeen(69)]).toEqual([false, true, true])
    // An end takes the place of no group that fires. A group that has ended is forgotten first.
    const ended = (i: number) => withReport(reportOf({ key: `${i}`, firing: [], endedAt: now, mixed: false }), now + 70)
    const later = after(...Array.from({ length: 64 }, (_, i) => report(i)), ended(64), ended(63), report(70))
    const isSeenLater = (i: number) => allSeen(later, { key: `${i}`, firing: ['x'], mixed: true })
    expect([isSeenLater(0), isSeenLater(63), isSeenLater(70)]).toEqual([true, false, true])
  })

  it('is as many of the newest deliveries as the status shows, and how many there were', () => {
    const memory = after(
      ...Array.from({ length: 15 }, (_, i) =>
        delivered({ at: now + ((i * 7) % 15), outcome: i % 3 ? 'applied' : 'skipped' }),
      ),
    )
    expect(memory.recent.map(({ at }) => at - now)).toEqual(Array.from({ length: maxRecent }, (_, i) => 14 - i))
    expect(memory.counts).toEqual({ applied: 10, skipped: 5 })
  })

  it('has the last three rollouts or Jobs whose end is open or bad, however many deliveries come after them', () => {
    const began = (i: number, more: Partial<RecentDelivery> = {}) =>
      delivered({ at: now + i, reason: 'JobCreated', summary: `made Job/${i}`, ...more })
    const skips = Array.from({ length: 20 }, (_, i) =>
      delivered({ at: now + 10 + i, outcome: 'skipped', reason: 'JobRunning' }),
    )
    const memory = after(...[0, 1, 2, 3].map(i => began(i)), began(4, { state: 'complete' }), ...skips)
    const placesOf = ({ recent }: Memory) => recent.map(({ at }) => at - now)
    const kept = [29, 28, 27, 26, 25, 24, 23, 3, 2, 1]
    expect(placesOf(memory)).toEqual(kept)
    expect(memory.counts).toEqual({ applied: 5, skipped: 20 })

    const [failed, complete] = [memory.recent[8], memory.recent[7]]
    if (!failed || !complete) throw new Error('both are kept')
    const end = { state: 'failed', stateMessage: 'Job/2 has failed' } as const
    const later = Array.from({ length: 20 }, (_, i) => delivered({ at: now + 40 + i, outcome: 'skipped' }))
    const ends = [withState(failed, undefined, end), withState(complete, undefined, { state: 'complete' })]
    const last = [...ends, ...later].reduce((before, change) => change(before), memory)
    expect(placesOf(last)).toEqual([59, 58, 57, 56, 55, 54, 53, 52, 2, 1])
    expect(last.recent[8]).toMatchObject(end)
  })

  it('can be read again by the version that wrote it', () => {
    const memory = after(
      withRow(claim('a', { claim: claimed('m'), report: reportOf({ key: 'g', firing: ['x'], mixed: true }) })),
      applied('n', [claim('b', { claim: claimed('n'), group: 'g' })]),
      delivered({ at: now, from: 2, to: 3 }),
    )
    const parsed = parseContent(JSON.stringify(storedOf(memory)))
    expect(parsed.content === 'known' && storedOf(memoryOf(parsed.memory))).toEqual(storedOf(memory))
  })
})

describe('a marked write', () => {
  const rows = [
    claim('a', { claim: claimed('m'), group: 'g' }),
    claim('b', {
      claim: claimed('m'),
      from: 3,
      to: 5,
      newsAt: 4,
      report: reportOf({ key: 'h', firing: ['x'], mixed: false }),
    }),
  ]
  const before = after(...rows.map(withRow))

  it('that is stored makes its rows done, and records what it has changed', () => {
    const memory = applied('m', rows)(before)
    expect(memory.rows).toEqual([row('a'), row('b', { from: 3, to: 5, newsAt: 4 })])
    expect(memory.ranAt).toBe(now)
    expect(undoOf(memory)).toMatchObject({ g: { delta: 1 } })
    expect(allSeen(memory, { key: 'h', firing: ['x'], mixed: true })).toBe(true)
    expect(applied('m', rows)(memory)).toEqual(memory)
  })

  it('that is stored brings back what someone has dropped', () => {
    expect(applied('m', rows)(dropped(ofWrite('m'))(before))).toEqual(applied('m', rows)(before))
  })

  it('does not count a row again that may have been in a page that is lost', () => {
    const memory = { ...dropped(ofWrite('m'))(before), forgetful: 'deleted hook' as const }
    const { rows: kept, ...fields } = applied('m', rows)(memory)
    expect(kept.map(({ state }) => state)).toEqual(rows.map(() => 'done'))
    expect(fields).toEqual({ ...memory, rows: undefined })
  })

  it('that is stored counts, though somebody else could not find that out', () => {
    const memory = applied('m', rows)(givenUp(ofWrite('m'))(before))
    expect(memory).toEqual(applied('m', rows)(before))
    // Reported again by a process that has helped, it does not count a second time.
    const later = withRow({ state: 'skipped', key: 'a', at: now + hour, reason: 'CoolingDown' })(memory)
    expect(applied('m', rows)(later)).toEqual(later)
  })

  it('that is not stored leaves what was decided of an earlier report', () => {
    const former = { state: 'done', at: now, newsAt: 1, from: 2, to: 3 } as const
    const earlier = { key: 'a', ...former }
    const later = claim('a', { at: now + 1, newsAt: 2, claim: claimed('m'), group: 'g', former })
    const memory = after(withRow(earlier), withRow(later))
    expect(dropped(ofWrite('m'))(memory).rows).toEqual([earlier])
    // And the other way round: who dropped it was wrong.
    expect(applied('m', [later])(dropped(ofWrite('m'))(memory))).toEqual(applied('m', [later])(memory))
    expect(applied('m', [later])(memory).rows).toMatchObject([{ key: 'a', newsAt: 2 }])
    expect(undoOf(applied('m', [later])(memory))).toMatchObject({ g: { delta: 1 } })
  })

  it('that is not stored leaves nothing behind', () => {
    expect(dropped(ofWrite('m'))(before)).toEqual(emptyMemory)
    expect(dropped(ofWrite('another'))(before)).toEqual(before)
  })

  it('whose outcome is unknown is not made again, and counts as a run', () => {
    const memory = givenUp(ofWrite('m'))(before)
    expect(memory.rows).toEqual([
      { state: 'unknown', key: 'a', at: now, mark: 'm' },
      { state: 'unknown', key: 'b', at: now, newsAt: 4, mark: 'm' },
    ])
    expect([memory.ranAt, undoOf(memory)]).toEqual([now, {}])
    expect(allSeen(memory, { key: 'h', firing: ['x'], mixed: true })).toBe(true)
  })
})

it.each([
  ['with a lease', { leases: { until: now + hour, low: 2, high: 10 } }, now + hour],
  ['that ends a lease', { ends: '~1' }, now + hour],
  ['that stays for good', {}, undefined],
])('people are notified of a step whose outcome is unknown, if nothing else takes it back: one %s', (_, more, at) => {
  const memory = givenUp(ofWrite('m'), now + hour)(after(withRow(claim('a', { claim: claimed('m'), ...more }))))
  expect(memory.unknownAt).toBe(at)
})

it('a claim outlives a late report of a day before', () => {
  const late = claim('late', { at: now - 24 * hour - 1000, claim: claimed('m') })
  const open = claim('open', { claim: claimed('n') })
  expect(applied('m', [late])(after(withRow(late), withRow(open))).rows).toContainEqual(open)
})

it('what may have been taken back is not taken back again', () => {
  const fired = applied('m', [claim('a', { claim: claimed('m'), group: 'g' })])
  const taking = claim('end', { claim: claimed('n'), group: 'g', from: 3, to: 2, undoes: 1 })
  expect(undoOf(after(fired, withRow(taking)))['g']?.delta).toBe(1)
  const lost = after(fired, withRow(taking), givenUp(ofWrite('n')))
  expect(undoOf(lost)).toEqual({})
  const late = applied('n', [taking])(lost)
  expect(late.rows).toMatchObject([{ key: 'a' }, { key: 'end', from: 3, to: 2 }])
  expect(undoOf(late)).toEqual({})
  expect(undoOf(after(fired, withRow(taking), dropped(ofWrite('n'))))['g']?.delta).toBe(1)
})

describe('a row that a full record has forgotten', () => {
  const fired = claim('fired', { at: now - hour, claim: claimed('m'), group: 'g' })
  const taking = claim('end', { at: now - hour, claim: claimed('n'), group: 'g', from: 9, to: 7, undoes: 2 })
  const parts = [{ key: 'g', object: 0, since: '0', at: now - 2 * hour, delta: 5 }]
  const full = (maxRows: number, ...open: readonly ClaimedRow[]): Memory => ({
    ...emptyMemory,
    maxRows,
    objects: [{ target: 'apps/v1/deployments/Deployment/web', uid: 't1' }],
    parts,
    rows: [row('x'), row('y'), ...open],
  })

  it.for([
    ['takes back', taking, 3],
    ['changes', fired, 6],
  ] as const)('while its own write was reported counts once what it %s', ([, one, delta]) => {
    const { mark } = one.claim
    const reported = applied(mark, [one])(full(2, one))
    expect(keys(reported)).toEqual(['x', 'y'])
    expect(undoOf(reported)['g']?.delta).toBe(delta)
    // Another process has helped, and reports the same.
    expect(applied(mark, [one])(reported)).toEqual(reported)
  })

  it('after its write was reported counts once, and sets no cooldown back', () => {
    const reported = applied('n', [taking])(full(3, taking))
    expect(keys(reported)).toContain('end')
    const later = claim('later', { at: now + hour, claim: claimed('o') })
    const forgotten = applied('o', [later])(withRow(later)(reported))
    expect(keys(forgotten)).toEqual(['x', 'y', 'later'])
    expect(applied('n', [taking])(forgotten)).toEqual(forgotten)
    expect([undoOf(forgotten)['g']?.delta, forgotten.ranAt]).toEqual([3, now + hour])
  })

  it('is distinguished from one that somebody has dropped, for which there is room', () => {
    const memory = applied('n', [taking])(dropped(ofWrite('n'))(full(3, taking)))
    expect(keys(memory)).toEqual(['x', 'y', 'end'])
    expect(undoOf(memory)['g']?.delta).toBe(3)
  })
})

describe('regardless of what others do meanwhile', () => {
  /** What happens to the claims of a hook: each write has one end, reported once or by several that have helped. */
  const ends = fc.array(
    fc.record({
      end: fc.constantFrom('applied' as const, 'dropped' as const, 'unknown' as const),
      timesReported: fc.integer({ min: 1, max: 3 }),
      rows: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  )

  property(
    'each write has the end that it had, in every order in which it is reported',
    [ends, fc.array(fc.nat(), { minLength: 18, maxLength: 18 })],
    (writes, order) => {
      const rowsOfWrite = (index: number, count: number): ClaimedRow[] =>
        Array.from({ length: count }, (_, i) =>
          claim(`${index}/${i}`, {
            at: now + index,
            from: i,
            to: i + 4 ** index,
            group: 'g',
            claim: claimed(`m${index}`),
          }),
        )
      const reports = writes.flatMap(({ end, rows, timesReported }, index): Change[] => {
        const update: Change =
          end === 'applied'
            ? applied(`m${index}`, rowsOfWrite(index, rows))
            : (end === 'dropped' ? dropped : givenUp)(ofWrite(`m${index}`))
        return Array.from({ length: timesReported }, () => update)
      })
      const shuffled = reports
        .map((update, index) => ({ update, place: order[index] ?? 0 }))
        .sort((a, b) => a.place - b.place)
        .map(({ update }) => update)
      const claims = writes.flatMap(({ rows }, index) => rowsOfWrite(index, rows).map(withRow))
      const memory = after(...claims, ...shuffled)
      const wanted = writes.flatMap(({ end, rows }, index) =>
        end === 'dropped' ? [] : rowsOfWrite(index, rows).map(({ key }) => `${key} ${end === 'unknown'}`),
      )
      expect(memory.rows.map(({ key, state }) => `${key} ${state === 'unknown'}`).sort()).toEqual(wanted.sort())
      expect(claimsIn(memory)).toEqual([])
      const delta = writes.reduce((sum, { end, rows }, index) => sum + (end === 'applied' ? rows * 4 ** index : 0), 0)
      expect(undoOf(memory)['g']?.delta ?? 0).toBe(delta)
    },
  )
})

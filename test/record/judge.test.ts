import { describe, expect, it } from 'vitest'
import type { AlertGroup, Delivery, Identity } from '../../src/api/delivery.ts'
import { keyOf } from '../../src/api/hash.ts'
import type { Claim, ClaimedRow } from '../../src/api/row.ts'
import { ofWrite, type Decision } from '../../src/record/protocol.ts'
import { isRemembered, type Remembered } from '../../src/record/context.ts'
import type { Judgement } from '../../src/record/ruling.ts'
import { emptyMemory, type Memory } from '../../src/record/memory.ts'
import { fc, property } from '../support/property.ts'
import {
  applied,
  changeBy,
  decided,
  dropped,
  judge,
  rowsOf,
  undoOf,
  givenUp,
  type Change,
} from '../support/memories.ts'

const second = 1000
const now = Date.UTC(2026, 0, 1, 10)

const claim: Claim = {
  mark: 'rhook.a.1',
  target: 'apps/v1/deployments/Deployment/web',
  uid: 't1',
  version: '7',
  to: 3,
  helped: true,
}
const step = { state: 'claimed', from: 2, to: 3 } as const

const named = (key: string, newsAt?: number): { readonly identity: Identity } => ({
  identity: newsAt === undefined ? { key } : { key, newsAt },
})
const remembered = (delivery: Partial<Delivery>, more: Partial<Omit<Remembered, 'delivery'>> = {}): Remembered => ({
  delivery: { phase: 'firing', ...delivery },
  undo: false,
  dedupeWindowMs: 40 * second,
  cooldownMs: 0,
  ...more,
})

/** Returns a judgement in a word: the reason of a skip, or what it is. */
const word = (judged: Judgement): string => (judged.judgement === 'skip' ? judged.reason : judged.judgement)

/** Returns what a memory says of a delivery so many seconds after the one that it remembers. */
const judged = (memory: Memory, delivery: Remembered, seconds: number): string =>
  word(judge(memory, delivery, now + seconds * second))

/** Returns a delivery whose step was claimed and made at once. */
const made = (
  delivery: Remembered,
  at = now,
  { from, to }: { readonly from: number; readonly to: number } = step,
): Change =>
  changeBy(draft => {
    const mark = 'rhook.made.1'
    decided(delivery, at, { state: 'claimed', from, to, claim: { ...claim, mark } })(draft)
    applied(mark, rowsOf(draft.memory(), mark))(draft)
  })

const memoryOf = (delivery: Remembered, decision?: Decision): Memory =>
  (decision ? decided(delivery, now, decision) : made(delivery))(emptyMemory)

const claimedRow = (more: Partial<ClaimedRow> = {}): ClaimedRow => ({ ...step, key: 'k', at: now, claim, ...more })

describe('two deliveries of one key that their sender has given them', () => {
  const given = (of?: string): Remembered => remembered(named('key', 0), { of })

  it.each<[string, string | undefined, string | undefined, string]>([
    ['with one body', 'aaaaaaaa', 'aaaaaaaa', 'Duplicate'],
    ['with two bodies', 'aaaaaaaa', 'bbbbbbbb', 'KeyReused'],
    ['the second without a body', 'aaaaaaaa', undefined, 'Duplicate'],
    ['the first without a body', undefined, 'bbbbbbbb', 'Duplicate'],
  ])('%s', (_name, first, second, wanted) => {
    expect(judged(memoryOf(given(first)), given(second), 3600)).toBe(wanted)
    const skipped = memoryOf(given(first), { state: 'skipped', reason: 'Suspended' })
    expect(judge(skipped, given(second), now)).toMatchObject({ reason: wanted, remember: false })
  })

  it('with two bodies are two: the second waits for the claim of the first, and does not take its answer', () => {
    const memory = decided(given('aaaaaaaa'), now, { ...step, claim })(emptyMemory)
    expect(judge(memory, given('bbbbbbbb'), now)).toMatchObject({ judgement: 'unfinished', isOwn: false })
    expect(judge(memory, given('aaaaaaaa'), now)).toMatchObject({ judgement: 'unfinished', isOwn: true })
    expect(judge(memory, given(), now)).toMatchObject({ judgement: 'unfinished', isOwn: true })
    const done = applied(claim.mark, rowsOf(memory, claim.mark))(memory)
    expect(judge(done, given('bbbbbbbb'), now)).toMatchObject({
      reason: 'KeyReused',
      message: expect.stringMatching(/another body was decided at .*: the count went from 2 to 3$/) as unknown,
    })
  })

  it('keep it in 16 bytes of their row, and no other delivery does', () => {
    const size = (of?: string): number => JSON.stringify(memoryOf(given(of)).rows).length
    expect(size('aaaaaaaa') - size()).toBe(',"of":"aaaaaaaa"'.length)
    expect(JSON.stringify(memoryOf(given()))).not.toContain('"of"')
  })
})

describe('two deliveries of the same key', () => {
  const again = remembered(named('repeat'))
  it.each<[string, number, string]>([
    ['at once', 0, 'Duplicate'],
    ['within the window', 39.9, 'Duplicate'],
    ['after the window', 40, 'new'],
    ['from a process whose clock is behind, within the window', -39.9, 'Duplicate'],
    ['from a process whose clock is far behind', -40, 'new'],
  ])('are one or two by when the second comes: %s', (_name, seconds, wanted) => {
    expect(judged(memoryOf(again), again, seconds)).toBe(wanted)
  })

  it('are one also when the first was skipped, and when it changed nothing', () => {
    expect(judged(memoryOf(again, { state: 'skipped', reason: 'Suspended' }), again, 15)).toBe('Duplicate')
    expect(judged(made(again, now, { from: 10, to: 10 })(emptyMemory), again, 15)).toBe('Duplicate')
  })

  it('are distinguished by a window that does not slide: copies do not make it longer', () => {
    const memory = memoryOf(again)
    const copy = judge(memory, again, now + 30 * second)
    expect(copy).toMatchObject({ reason: 'Duplicate', remember: false })
    expect(judged(memory, again, 41)).toBe('new')
  })

  it('are always two where the window is nothing', () => {
    expect(judged(memoryOf(again), { ...again, dedupeWindowMs: 0 }, 0)).toBe('new')
  })

  it.each<[string, number | undefined, number | undefined, string]>([
    ['both report a change of one moment', 5, 5, 'Duplicate'],
    ['the second reports an earlier change, as from a second Prometheus', 5, 4, 'Duplicate'],
    ['the second reports a later change', 5, 6, 'new'],
    ['the second is meant to repeat the first', 5, undefined, 'new'],
    ['nobody knows when the change of the first was', undefined, 5, 'new'],
  ])('are one, however late, if the second reports no later change: %s', (_name, first, then, wanted) => {
    const hour = 3600
    expect(judged(memoryOf(remembered(named('a', first))), remembered(named('a', then)), hour)).toBe(wanted)
  })

  it('are one within the window, whenever their change was: peers differ in it', () => {
    expect(judged(memoryOf(remembered(named('a', 5))), remembered(named('a', 6)), 15)).toBe('Duplicate')
  })

  it('have an unknown outcome when that of the first is unknown', () => {
    const memory = givenUp(ofWrite(claim.mark))(memoryOf(again, { ...step, claim }))
    expect(judged(memory, again, 15)).toBe('OutcomeUnknown')
    expect(judged(memory, again, 41)).toBe('new')
  })

  it('wait for the first when its write is not known to be stored', () => {
    expect(judged(memoryOf(again, { ...step, claim }), again, 1)).toBe('unfinished')
    expect(judged(memoryOf(again, { ...step, claim }), remembered(named('another')), 1)).toBe('new')
  })
})

describe('a time far in the future', () => {
  const day = 24 * 3600 * second
  const group: AlertGroup = { key: 'g', firing: ['a'], mixed: false, beganAt: now + day }
  const firing = remembered({ ...named('a', now + day), group }, { undo: true })
  const memory = memoryOf(firing)

  it('counts like the time of its row, so that later alerts run', () => {
    const later = { ...group, beganAt: now + 60 * second }
    const again = remembered({ ...named('a', now + 60 * second), group: later }, { undo: true })
    expect(judged(memory, again, 60)).toBe('new')
    expect(judged(memory, remembered(named('a', now), { undo: true }), 60)).toBe('Duplicate')
    expect(made(again, now + 60 * second)(memory).rows).toMatchObject([{ newsAt: now + 60 * second }])
  })

  it('is of the same alerts when it is repeated, however late', () => {
    for (const seconds of [60, 3600, 20 * 3600]) expect(judged(memory, firing, seconds)).toBe('Duplicate')
  })

  it('by the clock of one of two Prometheus lets the hook run once more at most', () => {
    const group: AlertGroup = { key: 'g', firing: ['a'], mixed: false, beganAt: now }
    const right = remembered({ ...named('a', now), group }, { undo: true })
    const ofRight = memoryOf(right)
    expect(judged(ofRight, firing, 60)).toBe('new')
    const ofBoth = made(firing, now + 60 * second)(ofRight)
    expect(judged(ofBoth, right, 120)).toBe('Duplicate')
    expect(judged(ofBoth, firing, 120)).toBe('Duplicate')
  })

  it('hides no end of its alerts', () => {
    const { beganAt: _, ...over } = { ...group, firing: [], endedAt: now + 30 * second }
    const end = remembered({ phase: 'resolved', ...named('end', now + 30 * second), group: over }, { undo: true })
    expect(judged(memory, end, 60)).toBe('undo')
    const early = { ...over, endedAt: now - 1 }
    expect(judged(memory, remembered({ phase: 'resolved', group: early }, { undo: true }), 60)).toBe('NothingToUndo')
  })
})

describe('alerts for which the hook could not run', () => {
  const day = 24 * 3600 * second
  const group = (firing: readonly string[]): AlertGroup => ({ key: 'g', firing, mixed: false, beganAt: 5 })
  const report = (key: string, firing: readonly string[], repeats = true): Remembered =>
    remembered(
      { identity: { key, newsAt: 5, ...(repeats && { repeats }) }, group: group(firing) },
      { dedupeWindowMs: day },
    )
  const both = report('both', ['a', 'b'])

  it.each([
    ['Suspended', 'new'],
    ['OutsideWindow', 'new'],
    ['CoolingDown', 'new'],
    ['LimitReached', 'new'],
    ['Filtered', 'Duplicate'],
  ] as const)('count with a later report, and copies of the first do not: %s', (reason, later) => {
    const memory = memoryOf(both, { state: 'skipped', reason })
    expect(judged(memory, both, 15)).toBe('Duplicate')
    expect(judged(memory, both, 3600)).toBe(later)
  })

  it('count with a later report of those that fire on', () => {
    const [some, rest] = [report('some', ['a'], false), report('rest', ['a'])]
    const closed = memoryOf(both, { state: 'skipped', reason: 'OutsideWindow' })
    const memory = decided(some, now + second, { state: 'skipped', reason: 'PartlyResolved' })(closed)
    expect(judged(memory, rest, 15)).toBe('Duplicate')
    expect(judged(memory, rest, 3600)).toBe('new')
    // If the hook has run for both, it does not run again for one of them.
    const ran = decided(some, now + second, { state: 'skipped', reason: 'PartlyResolved' })(memoryOf(both))
    expect(judged(ran, rest, 3600)).toBe('Duplicate')
    expect(judged(made(rest, now + 60 * second)(memory), report('rest again', ['a']), 3600)).toBe('Duplicate')
  })

  it('count no later if their window is shorter, or if their sender has given the delivery a key', () => {
    const soon = { ...both, dedupeWindowMs: 10 * second }
    expect(judged(memoryOf(soon, { state: 'skipped', reason: 'Suspended' }), soon, 11)).toBe('new')
    const keyed = remembered(named('key'), { dedupeWindowMs: day })
    expect(judged(memoryOf(keyed, { state: 'skipped', reason: 'Suspended' }), keyed, 3600)).toBe('Duplicate')
  })
})

describe('a delivery without a name', () => {
  it('goes past the record unless its hook has a cooldown or its alert can be taken back', () => {
    const group: AlertGroup = { key: 'g', firing: ['x'], mixed: false }
    expect(isRemembered(remembered({}))).toBe(false)
    expect(isRemembered(remembered({ group }))).toBe(false)
    expect(isRemembered(remembered({}, { undo: true }))).toBe(false)
    expect(isRemembered(remembered({ group }, { undo: true }))).toBe(true)
    expect(isRemembered(remembered({}, { cooldownMs: 1 }))).toBe(true)
    expect(isRemembered(remembered(named('a')))).toBe(true)
  })
})

describe('a report of some alerts that ended and others that fire', () => {
  const group = (firing: readonly string[], mixed = true): AlertGroup => ({ key: 'g', firing, mixed })
  const report = (key: string, firing: readonly string[], mixed = true): Remembered =>
    remembered({ ...named(key), group: group(firing, mixed) })
  const seen = memoryOf(report('first', ['x', 'y'], false))

  it.each<[string, Remembered, string]>([
    ['all that fire were seen before', report('a', ['x']), 'PartlyResolved'],
    ['a new one fires', report('a', ['x', 'z']), 'new'],
    ['it is of another group', remembered({ ...named('a'), group: { ...group(['x']), key: 'h' } }), 'new'],
    ['the sender says that it is no end', report('a', ['x'], false), 'new'],
  ])('is judged by what was seen: %s', (_name, delivery, wanted) => {
    expect(judged(seen, delivery, 60)).toBe(wanted)
  })

  it('forgets a group that is over: the same alert is new again', () => {
    const over = decided(remembered({ ...named('end'), phase: 'resolved', group: group([], false) }), now, {
      state: 'skipped',
      reason: 'Resolved',
    })(seen)
    expect(judged(over, report('a', ['x']), 60)).toBe('new')
  })

  it('still counts when the write that was to carry it was never stored', () => {
    const delivery = report('a', ['x', 'z'])
    const tried = decided(delivery, now, { ...step, claim })(seen)
    expect(judged(dropped(ofWrite(claim.mark))(tried), delivery, 1)).toBe('new')
  })

  it('waits for the write that is to show whether its alert was seen', () => {
    const tried = decided(report('a', ['x', 'z']), now, { ...step, claim })(seen)
    expect(judged(tried, report('b', ['z']), 1)).toBe('unfinished')
    const rows = rowsOf(tried, claim.mark)
    expect(judged(applied(claim.mark, rows)(tried), report('b', ['z']), 1)).toBe('PartlyResolved')
  })

  it('waits for the write of the firing, also where it says that all is over', () => {
    const tried = decided(report('a', ['x'], false), now, { ...step, claim })(emptyMemory)
    const end = remembered({ ...named('end', 1), phase: 'resolved', group: group([], false) })
    expect(judged(tried, end, 1)).toBe('unfinished')
    const rows = rowsOf(tried, claim.mark)
    const ended = made(end)(applied(claim.mark, rows)(tried))
    // The firing is not reported after that, so a late copy of the end is no other end.
    expect(judged(ended, end, 60)).toBe('Duplicate')
  })
})

describe('an earlier report of a delivery', () => {
  const [earlier, later] = [remembered(named('a', 1)), remembered(named('a', 2))]

  it('stays decided when the write for the later one was never stored', () => {
    const tried = decided(later, now, { ...step, claim })(memoryOf(earlier))
    expect(judged(tried, earlier, 60)).toBe('unfinished')
    const memory = dropped(ofWrite(claim.mark))(tried)
    expect(judged(memory, earlier, 60)).toBe('Duplicate')
    expect(judged(memory, later, 60)).toBe('new')
  })
})

describe('a hook with a cooldown', () => {
  const cooling = remembered({}, { cooldownMs: 60 * second })
  const ran = applied(claim.mark, [claimedRow()])(emptyMemory)

  it.each<[string, number, string]>([
    ['a moment later', 1, 'CoolingDown'],
    ['just before it is over', 59.9, 'CoolingDown'],
    ['when it is over', 60, 'new'],
    ['from a process whose clock is behind', -5, 'CoolingDown'],
  ])('runs again only after it: %s', (_name, seconds, wanted) => {
    expect(judged(ran, cooling, seconds)).toBe(wanted)
  })

  it('waits for a run that is not known to be stored, and not for one that changes nothing', () => {
    expect(judged(memoryOf(cooling, { ...step, claim }), cooling, 3600)).toBe('unfinished')
    expect(judged(memoryOf(cooling, { ...step, from: 3, to: 3, claim }), cooling, 1)).toBe('new')
  })

  it('has not run when its write was never stored, or changed nothing', () => {
    expect(judged(dropped(ofWrite(claim.mark))(memoryOf(cooling, { ...step, claim })), cooling, 1)).toBe('new')
    const unchanged = applied(claim.mark, [claimedRow({ from: 3, to: 3 })])(emptyMemory)
    expect(judged(unchanged, cooling, 1)).toBe('new')
  })

  it('still cools down after a run whose clock was an hour ahead and was set right', () => {
    const hour = 3600 * second
    const ahead = applied('early', [claimedRow({ key: 'early', at: now + hour, claim: { ...claim, mark: 'early' } })])(
      emptyMemory,
    )
    const next = applied(claim.mark, [claimedRow()])(ahead)
    expect(judged(ahead, cooling, 0)).toBe('new')
    expect(judged(next, cooling, 1)).toBe('CoolingDown')
    expect(judged(next, cooling, 61)).toBe('new')
  })

  it('skips a copy as a duplicate before it looks at the cooldown', () => {
    const delivery = remembered(named('a'), { cooldownMs: 60 * second })
    expect(judged(memoryOf(delivery), delivery, 1)).toBe('Duplicate')
  })
})

describe('the end of an alert whose firings can be taken back', () => {
  const group: AlertGroup = { key: 'g', firing: ['x'], mixed: false }
  const firing = remembered({ ...named('f'), group }, { undo: true })
  const over: AlertGroup = { ...group, firing: [] }
  const end = remembered({ ...named('r'), phase: 'resolved', group: over }, { undo: true })
  const fired = memoryOf(firing, { ...step, claim })
  const done = applied(claim.mark, rowsOf(fired, claim.mark))(fired)

  it('waits for a firing that is not finished, takes back what was changed, and then nothing more', () => {
    expect(judged(fired, end, 1)).toBe('unfinished')
    expect(judge(done, end, now)).toMatchObject({
      judgement: 'undo',
      changed: [{ count: { uid: 't1' }, part: { at: now, delta: 1 } }],
    })
    const mark = 'rhook.a.2'
    const taking = decided(end, now, { ...step, from: 3, to: 2, undoes: 1, claim: { ...claim, mark } })(done)
    expect(judged(taking, end, 1)).toBe('unfinished')
    const taken = applied(mark, rowsOf(taking, mark))(taking)
    expect(judged(taken, { ...end, delivery: { ...end.delivery, ...named('r2') } }, 1)).toBe('NothingToUndo')
    expect(undoOf(taken)).toEqual({})
  })

  it.each<[string, Identity, Partial<AlertGroup>]>([
    ['has an id', { key: 'end', newsAt: 0 }, {}],
    ['has an id in addition to the time of its end', { key: 'end', newsAt: 0 }, { endedAt: now - 60 * second }],
    ['has the time of its report alone', { key: 'end', newsAt: now - 60 * second }, {}],
  ])('takes nothing back from the next firing if it is a late copy that %s', (_how, identity, ended) => {
    const first = remembered({ ...named('m1', 0), group }, { undo: true })
    const ending = remembered({ identity, phase: 'resolved', group: { ...over, ...ended } }, { undo: true })
    const next = remembered({ ...named('m3', 0), group }, { undo: true })
    const ends = decided(ending, now + 60 * second, { state: 'skipped', reason: 'NothingToUndo' })
    const memory = made(next, now + 90 * second)(ends(made(first)(emptyMemory)))
    expect(judged(memory, ending, 61)).toBe('Duplicate')
    expect(judged(memory, ending, 110)).toBe('Duplicate')
    expect(judged(memory, ending, 3600)).toBe('Duplicate')
  })

  it('waits for any run of a hook that cools down, so that what is reported last is what ran last', () => {
    const run = remembered({}, { undo: true, cooldownMs: 30 * second })
    const running = decided(run, now, { ...step, claim: { ...claim, mark: 'rhook.b.1' } })(done)
    expect(judged(running, { ...end, cooldownMs: 30 * second }, 1)).toBe('unfinished')
    expect(judged(running, end, 1)).toBe('undo')
  })

  it('finds what was changed again when the taking back was never stored', () => {
    const mark = 'rhook.a.2'
    const taking = decided(end, now, { ...step, from: 3, to: 2, undoes: 1, claim: { ...claim, mark } })(done)
    expect(judged(dropped(ofWrite(mark))(taking), end, 1)).toBe('undo')
  })
})

property(
  'what is decided is a duplicate for the whole window, regardless of what else is decided meanwhile',
  [
    fc.array(fc.tuple(fc.nat(9), fc.integer({ min: -20, max: 20 })), { maxLength: 40 }),
    fc.integer({ min: -39, max: 39 }),
  ],
  (others, seconds) => {
    const delivery = remembered(named('mine'))
    const memory = others.reduce(
      (so, [key, at]) => made(remembered(named(`other ${key}`)), now + at * second)(so),
      memoryOf(delivery),
    )
    expect(judged(memory, delivery, seconds)).toBe('Duplicate')
    expect(memory.rows.filter(({ key }) => key === keyOf('mine'))).toHaveLength(1)
  },
)

describe('a signed body that counts once', () => {
  const minute = 60
  const signed = (name: string | undefined, body: string, more: Partial<Identity> = {}): Remembered =>
    remembered(name === undefined ? {} : { identity: { key: name, ...more } }, {
      signed: { body, withinMs: 10 * minute * second },
    })
  const first = signed('first', 'B', { newsAt: 0 })

  it.each<[string, Remembered, number, string]>([
    ['under its own name', first, 5, 'Duplicate'],
    ['under another name', signed('second', 'B', { newsAt: 0 }), 5, 'Duplicate'],
    ['under another name at the end of the window', signed('second', 'B'), 599.9, 'Duplicate'],
    ['under another name after the window', signed('second', 'B'), 600, 'new'],
    ['from a process whose clock is behind', signed('second', 'B'), -599.9, 'Duplicate'],
    ['when it is another body', signed('second', 'C'), 5, 'new'],
    ['to a hook that asks for it no more', remembered(named('second')), 5, 'new'],
  ])('is distinguished from a replay: %s', (_name, delivery, seconds, wanted) => {
    expect(judged(memoryOf(first), delivery, seconds)).toBe(wanted)
  })

  it('counts once, regardless of its outcome: skipped, given up, or a repeat after the window of its name', () => {
    const copy = signed('second', 'B')
    expect(judged(memoryOf(first, { state: 'skipped', reason: 'Suspended' }), copy, 60)).toBe('Duplicate')
    const claimed = memoryOf(first, { ...step, claim })
    expect(judged(givenUp(() => true)(claimed), copy, 60)).toBe('OutcomeUnknown')
    expect(judged(memoryOf(signed('repeat', 'B')), signed('repeat', 'B'), 60)).toBe('Duplicate')
  })

  it('is finished first where its write is under way, and may come again where that was never made', () => {
    const claimed = memoryOf(first, { ...step, claim })
    const copy = signed('second', 'B')
    expect(judge(claimed, copy, now)).toMatchObject({ judgement: 'unfinished', row: { claim }, isOwn: false })
    expect(judged(dropped(() => true)(claimed), copy, 1)).toBe('new')
  })

  it('is remembered when a later report takes the place of its row, and when that is never made', () => {
    const [old, next] = [signed('alert', 'B', { newsAt: 1 }), signed('alert', 'C', { newsAt: 2 })]
    const later = now + minute * second
    const claimed = decided(next, later, { ...step, claim })(memoryOf(old))
    const copies = [signed('second', 'B'), signed('second', 'C')]
    const outcomesOf = (memory: Memory) => copies.map(copy => judged(memory, copy, 2 * minute))
    expect(outcomesOf(claimed)).toEqual(['Duplicate', 'unfinished'])
    expect(outcomesOf(made(next, later)(memoryOf(old)))).toEqual(['Duplicate', 'Duplicate'])
    expect(outcomesOf(dropped(() => true)(claimed))).toEqual(['Duplicate', 'new'])
    expect(judged(dropped(() => true)(claimed), old, 2 * minute)).toBe('Duplicate')
  })

  it('takes one row, not one for each report that replaces it', () => {
    const firings = [1, 2, 3, 4].map(newsAt => signed('alert', `body ${newsAt % 2}`, { newsAt }))
    const memory = firings.reduce((so, each, index) => made(each, now + index * 1000 * second)(so), emptyMemory)
    expect(memory.rows.map(({ key }) => key)).toEqual(['body 1', keyOf('alert')])
  })

  it('adds no row for a replay, so that replays cannot fill a record', () => {
    expect(judge(memoryOf(first), signed('second', 'B'), now)).toMatchObject({ remember: false })
  })

  it('keeps rows as long as its window is, though the other is shorter', () => {
    const row = (index: number) => ({ state: 'done', key: `k${index}`, at: now, from: 1, to: 2 }) as const
    const full = { ...emptyMemory, maxRows: 1000, rows: Array.from({ length: 1000 }, (_, index) => row(index)) }
    const kept = judge(full, signed('new', 'X'), now + 60 * second)
    expect('message' in kept && kept.message).toContain('600 s (replayWindow)')
    expect(kept.judgement).toBe('full')
    expect(judged(full, remembered(named('new')), 60)).toBe('new')
  })
})

it('a name may have a window of its own', () => {
  const own = remembered({ identity: { key: 'a', withinMs: 5 * second } })
  expect([4.9, 5].map(seconds => judged(memoryOf(own), own, seconds))).toEqual(['Duplicate', 'new'])
})

import { expect, it } from 'vitest'
import { keyOf } from '../../src/api/hash.ts'
import { largestLimit, limitsOf, type LimitSpec } from '../../src/api/limits-schema.ts'
import type { OpenAct } from '../../src/api/record.ts'
import type { ClaimedRow } from '../../src/api/row.ts'
import { acted, begun, withoutAct } from '../../src/record/acts.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { applied, dropped, ofWrite, givenUp } from '../../src/record/protocol.ts'
import { keepOf, roomForMove, roomForRun, usedOf } from '../../src/record/room.ts'
import { fc, property } from '../support/property.ts'

const now = Date.UTC(2026, 0, 1, 10)
const limits = (...specs: readonly LimitSpec[]) => limitsOf(specs) ?? []

/** Returns the claimed row of one delivery, in the write with this mark. */
const rowOf = (mark: string, at: number, delta: number, keep: number): ClaimedRow => ({
  state: 'claimed',
  key: `${mark}/0`,
  at,
  from: 0,
  to: delta,
  claim: { mark, target: 'apps/v1/deployments/Deployment/web', uid: 't1', version: '1', to: delta, helped: false },
  keep,
})

/** A step of a script: some time passes, a delivery comes, and its write has an outcome some deliveries later. */
interface Turn {
  readonly afterMs: number
  readonly delta: number
  readonly outcome: 'applied' | 'applied twice' | 'dropped' | 'unknown'
  readonly later: number
}

const turns = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 400 }),
    delta: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: -4, max: -1 })),
    outcome: fc.constantFrom<Turn['outcome']>('applied', 'applied', 'applied twice', 'dropped', 'unknown'),
    later: fc.integer({ min: 0, max: 2 }),
  }),
  { maxLength: 40 },
)

const someLimits = fc.array(
  fc.oneof(
    fc.record({ most: fc.integer({ min: 1, max: 6 }), within: fc.constantFrom('1s', '2s', '5s') }),
    fc.record({ by: fc.integer({ min: 1, max: 9 }), within: fc.constantFrom('1s', '2s', '5s') }),
  ),
  { minLength: 1, maxLength: 3 },
)

interface Ran {
  readonly at: number
  readonly delta: number
}

/** Returns whether a list of runs keeps within limits at each moment: a second and slow way to count. */
const keeps = (ran: readonly Ran[], specs: readonly LimitSpec[]): boolean =>
  limits(...specs).every(({ by = Infinity, most = Infinity, withinMs }) =>
    ran.every(({ at }) => {
      const counted = ran.filter(other => other.at <= at && at - other.at < withinMs)
      const [ups, downs] = [1, -1].map(sign => counted.reduce((sum, { delta }) => sum + Math.max(0, sign * delta), 0))
      return counted.length <= most && (ups ?? 0) <= by && (downs ?? 0) <= by
    }),
  )

property(
  'what runs keeps within the limits, and no post is refused that had room',
  [someLimits, turns],
  (specs, script) => {
    const all = limits(...specs)
    const draft = new MemoryDraft(emptyMemory)
    const ran: Ran[] = []
    const open: { readonly row: ClaimedRow; readonly outcome: Turn['outcome']; readonly due: number }[] = []
    const settle = (number: number): void => {
      for (const each of open.filter(({ due }) => due <= number)) {
        open.splice(open.indexOf(each), 1)
        const { outcome, row } = each
        const { mark } = row.claim
        if (outcome === 'dropped') dropped(draft, ofWrite(mark))
        else if (outcome === 'unknown') givenUp(draft, ofWrite(mark), row.at)
        else for (const _ of outcome === 'applied' ? [1] : [1, 2]) applied(draft, mark, [row])
        if (outcome !== 'dropped') ran.push({ at: row.at, delta: row.to })
      }
    }
    let at = now
    for (const [number, { afterMs, delta, later, outcome }] of script.entries()) {
      at += afterMs
      settle(number)
      const rooms = [roomForRun(draft, all, at), roomForMove(draft, all, delta, at)].map(({ room }) => room)
      const perhaps = [...ran, ...open.map(({ row }) => ({ at, delta: row.to }))]
      const wanted = !keeps([...ran, { at, delta }], specs)
        ? 'no'
        : keeps([...perhaps, { at, delta }], specs)
          ? 'yes'
          : 'perhaps'
      const found = (['no', 'perhaps'] as const).find(room => rooms.includes(room)) ?? 'yes'
      expect(found).toBe(wanted)
      if (found !== 'yes') continue
      const row = rowOf(`m${number}`, at, delta, keepOf(all))
      draft.add(row)
      open.push({ row, outcome, due: number + later + 1 })
    }
    settle(Infinity)
    expect(keeps(ran, specs)).toBe(true)
  },
)

it.each<[string, LimitSpec, number, object]>([
  [
    'the time at which the oldest no longer counts',
    { most: 2, within: '1m' },
    1,
    { room: 'no', opensAt: now + 50_000 },
  ],
  ['the time at which enough no longer count', { by: 5, within: '1m' }, 5, { room: 'no', opensAt: now + 55_000 }],
  ['no time where the step never fits', { by: 5, within: '1m' }, 6, { room: 'no' }],
  ['that there is room', { by: 6, within: '1m' }, 1, { room: 'yes' }],
])('says %s', (_name, spec, delta, wanted) => {
  const draft = new MemoryDraft({
    ...emptyMemory,
    runs: [
      { at: now - 10_000, of: 'a', up: 2 },
      { at: now - 5000, of: 'b', up: 3 },
      { at: now - 60_000, of: 'c', up: 9 },
    ],
  })
  const all = limits(spec)
  const found = spec.by === undefined ? roomForRun(draft, all, now) : roomForMove(draft, all, delta, now)
  expect(found).toMatchObject(wanted)
  expect('opensAt' in found).toBe('opensAt' in wanted)
})

it('says how much is used, and from when on it is less', () => {
  const runs = [
    { at: now - 1000, of: 'a', n: 3, up: 5 },
    { at: now - 2000, of: 'b', down: 6 },
  ]
  const [most, by] = limits({ most: 9, within: '1m' }, { by: 9, within: '1m' })
  expect(most && usedOf(most, runs, now)).toEqual({ used: 4, until: now + 58_000 })
  expect(by && usedOf(by, runs, now)).toEqual({ used: 6, until: now + 58_000 })
  expect(most && usedOf(most, runs, now + 60_000)).toEqual({ used: 0, until: undefined })
})

it('counts the posts of one write each, and a copy of the report of the write not at all', () => {
  const draft = new MemoryDraft(emptyMemory)
  const rows = [0, 1, 2].map(index => ({ ...rowOf('m', now, 2, 60_000), key: `m/${index}` }))
  applied(draft, 'm', rows)
  // A record that has forgotten the rows does not know a late report.
  for (const { key } of rows) draft.remove(key)
  applied(draft, 'm', rows)
  expect(draft.fields.runs).toEqual([{ at: now, of: keyOf('m').slice(0, 8), n: 3, up: 6 }])
})

it('keeps of an act that runs again the later beginning of its alerts, as a step does', () => {
  const draft = new MemoryDraft(emptyMemory)
  for (const newsAt of [20, 10])
    acted(draft, { key: 'k', at: now, id: 'id', newsAt }, { summary: 'ran', ran: true }, now)
  expect(draft.get('k')?.newsAt).toBe(20)
})

it('counts an act from its beginning, and no more once it has changed nothing', () => {
  const act: OpenAct = { key: 'k', at: now, id: 'id', keep: 60_000 }
  const all = limits({ most: 1, within: '1m' })
  const after = (...updates: readonly ((draft: MemoryDraft) => void)[]): string => {
    const draft = new MemoryDraft(emptyMemory)
    begun(draft, act)
    for (const update of updates) update(draft)
    return roomForRun(draft, all, now).room
  }
  const done = { summary: 'rolled out', ran: true }
  const idle = { summary: 'nothing', ran: false }
  expect(after()).toBe('perhaps')
  expect(after(draft => acted(draft, act, done, now))).toBe('no')
  expect(after(draft => acted(draft, act, idle, now))).toBe('yes')
  expect(after(draft => withoutAct(draft, act))).toBe('yes')
  // Two processes have worked on it, and one of them has changed something.
  expect(
    after(
      draft => acted(draft, act, done, now),
      draft => acted(draft, act, idle, now),
    ),
  ).toBe('no')
  expect(
    after(
      draft => withoutAct(draft, act),
      draft => acted(draft, act, done, now),
    ),
  ).toBe('no')
})

it('keeps what counts within 100 kB, and forgets what counts no more', () => {
  const draft = new MemoryDraft(emptyMemory)
  const keep = 24 * 3_600_000
  for (let index = 0; index < 2 * largestLimit; index++)
    applied(draft, `m${index}`, [rowOf(`m${index}`, now + index, 1, keep)])
  expect(JSON.stringify(storedOf({ ...draft.memory(), rows: [] })).length).toBeLessThan(100_000)
  applied(draft, 'late', [rowOf('late', now + 2 * keep, 1, keep)])
  expect(draft.fields.runs).toHaveLength(1)
  const { keep: _, ...unlimited } = rowOf('unlimited', now + 4 * keep, 1, 0)
  applied(draft, 'unlimited', [unlimited])
  expect(draft.fields.runs).toBeUndefined()
})

it('keeps what ran later when the outcome of an earlier claim is lost long after it', () => {
  const [limit] = limits({ most: 2, within: '10s' })
  if (!limit) throw new Error('there is a limit')
  const draft = new MemoryDraft(emptyMemory)
  applied(draft, 'late', [rowOf('late', now, 1, limit.withinMs)])
  draft.add(rowOf('early', now - 14_000, 1, limit.withinMs))
  givenUp(draft, ofWrite('early'), now + 1000)
  expect(usedOf(limit, draft.fields.runs ?? [], now + 1000).used).toBe(1)
})

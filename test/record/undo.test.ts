import { describe, expect, it } from 'vitest'
import { parseContent } from '../../src/api/record.ts'
import type { Claim, ClaimedRow } from '../../src/api/row.ts'
import { emptyMemory, memoryOf, storedOf, type Memory } from '../../src/record/memory.ts'
import { fc, property } from '../support/property.ts'
import { changedBy, undoOf, withUndo } from '../support/memories.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { closePart } from '../../src/record/parts.ts'
import { applied } from '../../src/record/protocol.ts'

const now = Date.UTC(2026, 0, 1)
const day = 24 * 3_600_000

const claimOn = (uid: string): Claim => ({
  mark: 'm',
  target: `apps/v1/deployments/Deployment/${uid}`,
  uid,
  version: '7',
  to: 3,
  helped: true,
})

/** Returns a step of `by` on an object, or the taking back of as much. */
const step = (uid: string, by: number, more: Partial<ClaimedRow> = {}): ClaimedRow => ({
  state: 'claimed',
  key: 'a',
  at: now,
  from: 10,
  to: 10 + by,
  group: 'g',
  claim: claimOn(uid),
  ...more,
})

const after = (...rows: readonly ClaimedRow[]): Memory =>
  rows.reduce((memory, row) => withUndo(row)(memory), emptyMemory)

const sums = (memory: Memory, group = 'g'): Record<string, number> =>
  Object.fromEntries(changedBy(memory, group).map(({ count, part }) => [count.uid, part.delta]))

describe('what a group of alerts has changed', () => {
  it('is a sum for each object, less what was taken back', () => {
    const memory = after(step('web', 2), step('web', 1), step('api', -4), step('web', -1, { undoes: 1 }))
    expect(sums(memory)).toEqual({ web: 2, api: -4 })
  })

  it('is counted by what an undo has taken back, though a bound has stopped it', () => {
    expect(sums(after(step('web', 5), step('web', -2, { undoes: 5 })))).toEqual({})
  })

  it('is forgotten where nothing is left', () => {
    expect(undoOf(after(step('web', 2), step('web', -2, { undoes: 2 })))).toEqual({})
    expect(undoOf(after(step('web', 2), step('web', -2)))).toEqual({})
  })

  it('is counted for steps of a group alone', () => {
    const { group: _, ...plain } = step('web', 2)
    expect(after(plain)).toEqual(emptyMemory)
    expect(undoOf(after(step('web', 2), step('web', 3, { group: 'h' })))).toMatchObject({
      g: { delta: 2 },
      h: { delta: 3 },
    })
  })

  it('is kept for 30 days', () => {
    const late = (after29: number): ClaimedRow => step('api', 1, { at: now + after29 * day })
    expect(sums(after(step('web', 2), late(29)))).toEqual({ web: 2, api: 1 })
    expect(sums(after(step('web', 2), late(31)))).toEqual({ api: 1 })
    const other = { group: 'h', at: now + 31 * day }
    expect(undoOf(after(step('web', 2), step('web', 2, other)))).toMatchObject({ h: { delta: 2 } })
    expect(sums(after(step('web', 2), step('web', 2, other)))).toEqual({})
  })

  it('is kept of 64 objects and 256 groups, the newest', () => {
    const objects = Array.from({ length: 66 }, (_, i) => step(`web-${i}`, 1, { at: now + i }))
    expect(Object.keys(sums(after(...objects)))).toEqual(Array.from({ length: 64 }, (_, i) => `web-${65 - i}`))
    const groups = Array.from({ length: 258 }, (_, i) => step('web', 1, { at: now + i, group: `${i}` }))
    const undo = undoOf(after(...groups))
    expect([Object.keys(undo).length, undo['1'], undo['2']?.delta]).toEqual([256, undefined, 1])
  })

  it('is kept of the oldest of 256 groups while it is taken back beside the step of a new one', () => {
    const groups = Array.from({ length: 256 }, (_, i) => step('web', 2, { at: now + i, group: `${i}` }))
    const draft = new MemoryDraft(after(...groups))
    const fires = step('web', 2, { key: 'fires', group: 'new', at: now + 300 })
    const ends = step('web', -2, { key: 'ends', group: '0', undoes: 2, at: now + 300 })
    for (const row of [fires, ends]) draft.add(row)
    applied(draft, 'm', [fires, ends])
    const undo = undoOf(draft.memory())
    expect([undo['new']?.delta, undo['0'], undo['1']?.delta]).toEqual([2, undefined, 2])
  })

  it('is kept of the oldest of 512 sums while it is taken back beside the step of a new one', () => {
    const lasting = { leases: { until: now + day, low: 1, high: 99 } }
    const others = Array.from({ length: 300 }, (_, i) =>
      step('web', 2, { at: now + 20 + i, group: `l${i}`, ...lasting }),
    )
    const sums = Array.from({ length: 14 * 16 }, (_, i) =>
      step(`web-${i % 14}`, 2, { at: now + Math.floor(i / 14), group: `${Math.floor(i / 14)}` }),
    )
    const draft = new MemoryDraft(after(...others, ...sums.slice(0, 212)))
    expect(draft.fields.parts).toHaveLength(512)
    const fires = step('web', 2, { key: 'fires', group: 'new', at: now + 400 })
    const ends = step('web-0', -2, { key: 'ends', group: '0', undoes: 2, at: now + 400 })
    for (const row of [fires, ends]) draft.add(row)
    applied(draft, 'm', [fires, ends])
    expect((draft.fields.parts ?? []).filter(({ delta }) => delta < 0)).toEqual([])
  })

  it('is no more than 512 sums, those of the newest groups', () => {
    const steps = Array.from({ length: 40 * 16 }, (_, i) =>
      step(`web-${i % 16}`, 1, { at: now + i, group: `${Math.floor(i / 16)}` }),
    )
    const undo = undoOf(after(...steps))
    expect(
      Object.keys(undo)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 32 }, (_, i) => i + 8))
    expect(JSON.stringify(undo).length).toBeLessThan(60_000)
  })
})

const steps = fc.array(
  fc.record({
    uid: fc.constantFrom('web', 'api', 'gone'),
    by: fc.integer({ min: -5, max: 5 }),
    isUndo: fc.boolean(),
    at: fc.integer({ min: now - day, max: now + day }),
    place: fc.nat(),
  }),
  { maxLength: 12 },
)

property('the sum of changes is the same in any order of the steps, and by any clocks', [steps], found => {
  const rows = found.map(({ at, by, isUndo, uid }) => step(uid, by, { at, ...(isUndo && { undoes: by }) }))
  const reported = rows
    .map((row, index) => ({ row, place: found[index]?.place ?? 0 }))
    .sort((a, b) => a.place - b.place)
    .map(({ row }) => row)
  expect(sums(after(...reported))).toEqual(sums(after(...rows)))
  const wanted: Record<string, number> = {}
  for (const { by, isUndo, uid } of found) wanted[uid] = (wanted[uid] ?? 0) + (isUndo ? -by : by)
  for (const [uid, delta] of Object.entries(wanted)) if (delta === 0) delete wanted[uid]
  expect(sums(after(...reported))).toEqual(wanted)
})

describe('what a group of alerts has changed since somebody else has set the count', () => {
  const since = (version: string, by: number, more: Partial<ClaimedRow> = {}): ClaimedRow => {
    const claim = { ...claimOn('web'), mark: `receiver-hooks.4f.1.${version}.3` }
    return step('web', by, { claim, ...more })
  }
  const known = (memory: Memory) => changedBy(memory, 'g').map(({ part: { delta, since: from } }) => [from, delta])

  it('is a sum of its own: a later step begins it, in whichever order the steps become known', () => {
    expect(known(after(since('90', 2), since('90', 1)))).toEqual([['90', 3]])
    expect(known(after(since('90', 2), since('100', 1)))).toEqual([['100', 1]])
    expect(known(after(since('100', 1), since('90', 2)))).toEqual([['100', 1]])
  })

  it('is not less by what was taken back of an earlier sum', () => {
    expect(known(after(since('90', 2), since('100', 1), since('90', -2, { undoes: 2 })))).toEqual([['100', 1]])
  })

  it('is read by a program, and kept as it is', () => {
    const memory = after(since('90', 2), step('api', 1))
    const read = parseContent(JSON.stringify(storedOf(memory)))
    expect(read.content === 'known' && undoOf(memoryOf(read.memory))).toEqual(undoOf(memory))
  })

  it('is gone once it is closed, for that object alone', () => {
    const draft = new MemoryDraft(after(since('90', 2), step('api', 1)))
    closePart(draft, 'g', claimOn('web'))
    expect(sums(draft.memory())).toEqual({ api: 1 })
  })
})

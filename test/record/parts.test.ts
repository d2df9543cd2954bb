import { describe, expect, it } from 'vitest'
import { parseContent } from '../../src/api/record.ts'
import type { ClaimedRow } from '../../src/api/row.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { movesEnd, partKeyFor, reportsFiring, termsOf, type Leasing } from '../../src/record/lease-terms.ts'
import { emptyMemory, memoryOf, storedOf, type Memory } from '../../src/record/memory.ts'
import { dueOf } from '../../src/record/due.ts'
import { isSameCount } from '../../src/record/count-name.ts'
import { addToPart, allParts, closePart, endOf, extendPart, heldBack, isGivenUp } from '../../src/record/parts.ts'
import { fc, property } from '../support/property.ts'

const now = Date.UTC(2026, 0, 1)
const minute = 60_000
const until = now + 15 * minute
const web = { target: 'apps/v1/deployments/Deployment/web', uid: 'w' }

/** Returns a step that leases `by` of a count since a version. */
const step = (by: number, since = 5, more: Partial<ClaimedRow> = {}): ClaimedRow => ({
  state: 'claimed',
  key: `k${by}`,
  at: now,
  from: 10,
  to: 10 + by,
  group: 'g',
  claim: { mark: `receiver-hooks.a.1.${since}.10`, ...web, version: '7', to: 10 + by, helped: false },
  leases: { until, low: 1, high: 20 },
  ...more,
})

/** Returns the end of a part that takes `took` of it. */
const ending = (took: number, since = 5): ClaimedRow => {
  const { group: _, leases: __, ...row } = step(-took, since)
  return { ...row, ends: 'g', undoes: took }
}

const after = (...rows: readonly ClaimedRow[]): MemoryDraft => {
  const draft = new MemoryDraft(emptyMemory)
  for (const row of rows) addToPart(draft, row)
  return draft
}

const deltas = (draft: MemoryDraft): readonly number[] => allParts(draft.fields).map(({ part }) => part.delta)

const read = (memory: Memory): Memory | undefined => {
  const parsed = parseContent(JSON.stringify(storedOf(memory)))
  return parsed.content === 'known' ? memoryOf(parsed.memory) : undefined
}

describe('a part', () => {
  it.for([
    ['adds up the steps of its key', [step(2), step(3)], [5]],
    ['is gone when nothing is left', [step(2), step(-2)], []],
    ['loses what its end has really taken', [step(5), ending(3)], [2]],
    ['is gone when its end has taken all', [step(5), ending(5)], []],
    ['begins again with a step of a later time', [step(2, 5), step(3, 9)], [3]],
    ['gets nothing from a step of an earlier time', [step(3, 9), step(2, 5)], [3]],
    ['is not made by an end', [ending(3)], []],
    ['of another key has its own steps', [step(2), step(3, 5, { group: 'h' })], [2, 3]],
    ['of another key is void after a step of a later time', [step(2), step(3, 9, { group: 'h' })], [3]],
  ] as const)('%s', ([, rows, wanted]) => expect(deltas(after(...rows))).toEqual(wanted))

  it('has the widest bounds and the latest end of its steps, and began with the first', () => {
    const later = step(1, 5, { at: now + minute, leases: { until: until + minute, low: 0, high: 12 } })
    const [found] = allParts(after(later, step(2)).fields)
    expect(found?.part).toMatchObject({ at: now, low: 0, high: 20, until: until + minute })
  })

  it('that an end leaves some of is held, until a report moves its end', () => {
    const draft = after(step(5), ending(3))
    expect(allParts(draft.fields)[0]?.part.held).toBe(true)
    extendPart(draft, 'g', web, { until: until + minute, low: 1, high: 20 })
    expect(allParts(draft.fields)[0]?.part).toMatchObject({ until: until + minute, delta: 2 })
    expect(allParts(draft.fields)[0]?.part.held).toBeUndefined()
  })

  it('that is held stays for seven days', () => {
    const draft = after(step(5))
    heldBack(draft, 'g', web)
    const [{ part } = {}] = allParts(draft.fields)
    const days = (count: number): number => until + count * 24 * 60 * minute
    expect(part && [isGivenUp(part, days(6)), isGivenUp(part, days(8))]).toEqual([false, true])
  })

  it('gets an end for all of it, once its hook leases', () => {
    const { leases: _, ...forGood } = step(2)
    const draft = after(forGood, step(1))
    expect(allParts(draft.fields)).toMatchObject([{ part: { delta: 3, until } }])
  })

  it('can be closed', () => {
    const draft = after(step(2))
    closePart(draft, 'g', web)
    expect(deltas(draft)).toEqual([])
  })

  it('is about a count, however its writes set other members', () => {
    const pool = { target: 'cluster.x-k8s.io/v1beta2/machinedeployments/MachineDeployment/m spec.replicas', uid: 'm' }
    expect(isSameCount(pool, { ...pool, target: `${pool.target}+spec.deletion.order=Newest` })).toBe(true)
    expect(isSameCount(pool, { ...pool, target: `${pool.target}[b]` })).toBe(false)
    expect(isSameCount(web, { ...web, uid: 'other' })).toBe(false)
  })

  it('is the same in each version of its kind: an edit of the apiVersion loses nothing of it', () => {
    const target = 'example.com/v1beta1/foos/Foo/web spec.size'
    const older = { ...web, target }
    const newer = { ...web, target: target.replace('v1beta1', 'v1') }
    expect(isSameCount(older, newer)).toBe(true)
    expect(isSameCount(older, { ...newer, target: newer.target.replace('size', 'max') })).toBe(false)
    const of = (count: typeof web, by: number): ClaimedRow => step(by, 5, { claim: { ...step(by).claim, ...count } })
    expect(deltas(after(of(older, 2), of(newer, 3)))).toEqual([5])
    expect(deltas(after(of(older, 2), of(newer, -2)))).toEqual([])
  })

  it('has the version of its kind that was written last: an earlier one may no longer be served when a lease ends', () => {
    const target = 'example.com/v1beta1/foos/Foo/web spec.size+spec.policy=Newest'
    const newer = 'example.com/v1/foos/Foo/web spec.size'
    const of = (group: string, target: string): ClaimedRow => step(2, 5, { group, claim: { ...step(2).claim, target } })
    const draft = after(of('first', target), of('second', newer))
    const stored = target.replace('v1beta1', 'v1')
    expect(allParts(draft.fields).map(({ count }) => count.target)).toEqual([stored, stored])
  })
})

describe('a record with leases', () => {
  it('is read as it was stored', () => {
    const { leases: _, ...forGood } = step(4, 5, { group: 'undo' })
    const memory = after(step(2), forGood).memory()
    expect(memory.parts).toMatchObject([{ delta: 2 }, { delta: 4 }])
    const again = read(memory)
    expect(again && storedOf(again)).toEqual(storedOf(memory))
  })

  it.for(['leased', 'to be undone'])(
    'has what is %s of the minimum and of the maximum of one autoscaler apart, also when it is read again',
    what => {
      const target = 'autoscaling/v2/horizontalpodautoscalers/HorizontalPodAutoscaler/web'
      const of = (field: string, by: number): ClaimedRow => {
        const { leases, ...row } = step(by)
        const claim = { ...row.claim, target: `${target} spec.${field}` }
        return { ...row, claim, ...(what === 'leased' && leases && { leases }) }
      }
      const first = read(after(of('minReplicas', 2), of('maxReplicas', 5)).memory())
      const draft = new MemoryDraft(first ?? emptyMemory)
      addToPart(draft, of('minReplicas', 1))
      addToPart(draft, of('maxReplicas', 3))
      const again = read(draft.memory())
      const found = allParts(again ?? {}).map(({ count, part }) => [count.target, part.delta] as const)
      expect(found).toHaveLength(2)
      expect(Object.fromEntries(found)).toEqual({
        [`${target} spec.maxReplicas`]: 8,
        [`${target} spec.minReplicas`]: 3,
      })
    },
  )

  it('is due when its first part ends, or a claim of a lease is so old that its process may be dead', () => {
    const memory = after(
      step(2),
      step(3, 5, { group: 'h', leases: { until: until - minute, low: 1, high: 20 } }),
    ).memory()
    expect(dueOf(memory)).toBe(until - minute)
    expect(dueOf({ ...memory, rows: [step(1)] })).toBe(now + 10_000)
    const { leases: _, ...forGood } = step(1)
    expect(dueOf({ rows: [forGood] })).toBeUndefined()
  })

  it('ends by `endBefore` what began before that', () => {
    expect(endOf({ at: now, until }, now + minute)).toBe(now + minute)
    expect(endOf({ at: now, until }, now)).toBe(until)
    expect(endOf({ at: now }, now + minute)).toBe(Infinity)
  })

  it('joins the leases that end nearest to each other, when they are too many', () => {
    const many = Array.from({ length: 514 }, (_, i) =>
      step(1, 5, { group: `g${i}`, leases: { until: until + i * i * minute, low: 1, high: 20 } }),
    )
    const draft = after(...many)
    const parts = allParts(draft.fields).map(({ part }) => part)
    expect(parts.length).toBe(512)
    expect(parts.reduce((sum, { delta }) => sum + delta, 0)).toBe(514)
    expect(parts.find(({ delta }) => delta > 1)).toMatchObject({ key: expect.stringMatching(/^~/) as unknown })
  })
})

const leasing: Leasing = { forMs: 15 * minute, aim: 'Deployment/web' }

describe('the terms of a lease', () => {
  it.for([
    [1, 10, 4, 4, 1, 10],
    [1, 10, 0, 0, 0, 10],
    [3, 10, 12, 12, 3, 12],
    [3, 10, 5, 1, 1, 10],
  ])('within %i and %i, from %i after %i, lead back between %i and %i', ([min, max, from, word, low, high]) => {
    const terms = termsOf({}, leasing, { min: min ?? 0, max: max ?? 0 }, { from: from ?? 0, word: word ?? 0, now })
    expect(terms).toEqual({ until, low, high })
  })

  it('end by a future `endBefore`', () => {
    const bounds = { min: 1, max: 10 }
    const at = { from: 2, word: 2, now }
    expect(termsOf({}, { ...leasing, endBefore: now + minute }, bounds, at).until).toBe(now + minute)
    expect(termsOf({}, { ...leasing, endBefore: now - minute }, bounds, at).until).toBe(until)
  })

  it('name who asked for it', () => {
    const group = { key: '[["alertname","WebBusy"],["job","web"]]', firing: [], mixed: false }
    const at = { from: 2, word: 2, now }
    expect(termsOf({ sender: 'alertmanager', group }, leasing, { min: 1, max: 9 }, at).of).toBe('alertmanager: WebBusy')
    expect(termsOf({ sender: 'plain' }, leasing, { min: 1, max: 9 }, at).of).toBe('plain')
  })

  it('are those of a group, or of all that end within a part of the time', () => {
    const group = { key: 'a', firing: [], mixed: false }
    expect(partKeyFor({ group }, undefined, false, now)).toBeUndefined()
    expect(partKeyFor({ group }, leasing, false, now)).toBe(partKeyFor({ group }, undefined, true, now + minute))
    const keyAt = (ms: number) => partKeyFor({}, leasing, false, now + 1 + ms)
    expect(keyAt(0)).toBe(keyAt(28_000))
    expect(keyAt(0)).not.toBe(keyAt(29_000))
    expect(partKeyFor({}, undefined, true, now)).toBeUndefined()
  })

  it('move an end only by more than a tenth of the time', () => {
    const at = (ms: number) => movesEnd({ until }, { until: until + ms }, leasing)
    expect([at(minute), at(2 * minute)]).toEqual([false, true])
  })

  it('are those of reports that something fires', () => {
    const group = { key: 'a', firing: ['x'], mixed: false }
    expect(reportsFiring({ phase: 'firing', group })).toBe(true)
    expect(reportsFiring({ phase: 'partly resolved', group })).toBe(true)
    expect(reportsFiring({ phase: 'resolved', group: { ...group, firing: [] } })).toBe(false)
    expect(reportsFiring({ phase: 'none' })).toBe(false)
  })
})

const moves = fc.array(
  fc.record({
    group: fc.constantFrom('g', 'h'),
    by: fc.integer({ min: -4, max: 4 }),
    since: fc.integer({ min: 1, max: 3 }),
    place: fc.nat(),
  }),
  { maxLength: 12 },
)

property('what is leased since the last word is the same in any order of the steps', [moves], found => {
  const rows = found.map(({ by, group, since }) => step(by, since, { group }))
  const shuffled = rows
    .map((row, index) => ({ row, place: found[index]?.place ?? 0 }))
    .sort((a, b) => a.place - b.place)
    .map(({ row }) => row)
  const newest = Math.max(0, ...found.map(({ since }) => since))
  const sumsOf = (draft: MemoryDraft) =>
    Object.fromEntries(
      allParts(draft.fields).flatMap(({ part }) => (part.since === String(newest) ? [[part.key, part.delta]] : [])),
    )
  const wanted: Record<string, number> = {}
  for (const { by, group, since } of found) if (since === newest) wanted[group] = (wanted[group] ?? 0) + by
  for (const [group, sum] of Object.entries(wanted)) if (sum === 0) delete wanted[group]
  expect(sumsOf(after(...shuffled))).toEqual(wanted)
  expect(sumsOf(after(...rows))).toEqual(wanted)
})

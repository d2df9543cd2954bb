import { groupedBy } from '../environment/grouped.ts'
import { compareVersions, parseMark } from '../api/mark.ts'
import type { CountedObject, OpenPart } from '../api/record.ts'
import type { Claim, ClaimedRow, LeaseTerms } from '../api/row.ts'
import { fieldIn, isSameCount, withVersionOf, type CountName } from './count-name.ts'
import type { MemoryDraft } from './draft.ts'
import { latest } from './memory.ts'

/**
 * The parts of a record: what deliveries have changed in counts, and an undo or the end of a lease
 * takes back. This file does no I/O.
 *
 * 1. A step adds to the part of its key and its count once it is stored, in whichever order steps
 *    become known. A step that takes back subtracts.
 * 2. A part is of the time since somebody else has last set the count. A step of a later time begins
 *    a new part, and one of an earlier time adds nothing.
 * 3. A part with `until` ends by itself, and is never forgotten before.
 * 4. The end of a lease takes from its part what it really took. What bounds keep back stays open.
 */

/** How long a part without an end is kept, in milliseconds. Alerts can fire for weeks. */
const undoKeptMs = 30 * 24 * 3_600_000

/** How many alert groups without leases can be undone. */
const maxUndoKeys = 256

/** The maximum number of counts and of parts in a record. */
export const maxObjects = 64
const maxParts = 512

/** How long bounds may keep back the end of a lease, in milliseconds. After that, the rest stays for good. */
const heldForMs = 7 * 24 * 3_600_000

export interface PartOf {
  readonly part: OpenPart
  readonly count: CountedObject
}

type Fields = Pick<MemoryDraft['fields'], 'objects' | 'parts'>

export const allParts = ({ objects = [], parts = [] }: Fields): readonly PartOf[] =>
  parts.flatMap(part => {
    const count = objects[part.object]
    return count ? [{ part, count }] : []
  })

/** Returns the open parts with a key, the one that changed last first. */
export const partsWithKey = ({ fields }: Pick<MemoryDraft, 'fields'>, key: string): readonly PartOf[] =>
  allParts(fields)
    .filter(({ part }) => part.key === key)
    .sort((a, b) => b.part.at - a.part.at)

export const partOn = (draft: Pick<MemoryDraft, 'fields'>, key: string, count: CountName): OpenPart | undefined =>
  partsWithKey(draft, key).find(found => isSameCount(found.count, count))?.part

/** Returns the part of a key that a claim's write may add to: none from before somebody else last set the count. */
export const partNow = (draft: Pick<MemoryDraft, 'fields'>, key: string, claim: Claim): OpenPart | undefined => {
  const part = partOn(draft, key, claim)
  return part && !isOlder(part.since, sinceOf(claim)) ? part : undefined
}

/** Returns the key of the part that a row adds to or takes from. Undefined if it does neither. */
export const partKeyOf = ({ ends, group }: Pick<ClaimedRow, 'ends' | 'group'>): string | undefined => ends ?? group

/**
 * Adds a row's step to its part, or takes from it what the row took back. An undo of what has no end
 * takes all of it, although bounds may have kept some back. `toCome` has the keys of parts that other rows
 * of the same write change.
 */
export const addToPart = (draft: MemoryDraft, row: ClaimedRow, toCome: Keys = new Set()): void => {
  const key = partKeyOf(row)
  if (key === undefined) return
  const known = partOn(draft, key, row.claim)
  if (row.ends !== undefined && !known) return
  const isWhole = row.undoes !== undefined && known?.until === undefined
  const next = withStep(known, row, key, isWhole ? -(row.undoes ?? 0) : row.to - row.from)
  const { since } = next
  const isVoid = ({ part, count }: PartOf): boolean =>
    part.until !== undefined && isSameCount(count, row.claim) && isOlder(part.since, since)
  const others = allParts(draft.fields).filter(each => each.part !== known && !isVoid(each))
  setParts(draft, [...others, partAt(next, row.claim)], { key, at: row.at, toCome })
}

const isOlder = (one: string, other: string): boolean => compareVersions(one, other) < 0

/** Returns since when only hooks have written the count of a claim, as its mark says. */
const sinceOf = ({ mark }: Claim): string => parseMark(mark)?.lastWord?.since ?? '0'

type NewPart = Omit<OpenPart, 'object'>

const withStep = (known: OpenPart | undefined, row: ClaimedRow, key: string, delta: number): NewPart => {
  const since = sinceOf(row.claim)
  if (known && isOlder(since, known.since)) return known
  const before = known && !isOlder(known.since, since) ? known : undefined
  const sum = (before?.delta ?? 0) + delta
  const terms = joinedTerms(before, row.leases, row.at)
  return {
    ...terms,
    // Without an end, it is kept for some time after its last change.
    at: terms.until === undefined ? Math.max(row.at, known?.at ?? row.at) : terms.at,
    key,
    delta: sum,
    since: before?.since ?? since,
    // Bounds keep back what an end has left. A new lease has an end to come.
    held: row.ends !== undefined || (before?.held === true && !row.leases) || undefined,
  }
}

/** Returns a part's terms, joined with those of one more step or report. */
const joinedTerms = (before: OpenPart | undefined, terms: LeaseTerms | undefined, at: number) => {
  const until = latest(before?.until, terms?.until)
  const low = least(before?.low, terms?.low)
  const high = latest(before?.high, terms?.high)
  const of = terms?.of ?? before?.of
  return {
    at: Math.min(at, before?.until === undefined ? at : before.at),
    low,
    high,
    until,
    of,
  }
}

const least = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)

const partAt = (part: NewPart, { target, uid }: CountName): PartOf => ({
  part: { ...part, object: 0 },
  count: { target, uid },
})

/** Moves the `until` of a part to that of `terms`, unless it is later already. Joins the other terms too. */
export const extendPart = (draft: MemoryDraft, key: string, count: CountName, terms: LeaseTerms): void => {
  const known = partOn(draft, key, count)
  if (!known) return
  const { held: _, ...open } = known
  const next = { ...open, ...joinedTerms(known, terms, known.at) }
  replacePart(draft, known, next)
  const objects = (draft.fields.objects ?? []).map((object, place) =>
    place === known.object ? withVersionOf(object, count) : object,
  )
  draft.set({ objects })
}

const replacePart = (draft: MemoryDraft, known: OpenPart, next: OpenPart): void =>
  draft.set({ parts: (draft.fields.parts ?? []).map(part => (part === known ? next : part)) })

/**
 * Lets a part end by time alone, under a name of its own. So what its group leases from now on is not
 * part of it. Nothing may be claimed of the part.
 */
export const setPartAside = (draft: MemoryDraft, known: OpenPart, until: number): void =>
  replacePart(draft, known, { ...known, key: `~${until} ${known.key}`, until })

/** Notes that bounds have kept back all of what an end would have taken. */
export const heldBack = (draft: MemoryDraft, key: string, count: CountName): void => {
  const known = partOn(draft, key, count)
  if (known && known.held !== true) replacePart(draft, known, { ...known, held: true })
}

/** Removes a part: nothing of it is to be taken back any more. */
export const closePart = (draft: MemoryDraft, key: string, count: CountName): void => {
  const known = partOn(draft, key, count)
  if (!known) return
  const others = allParts(draft.fields).filter(({ part }) => part !== known)
  setParts(draft, others, { key, at: known.at })
}

/**
 * Stores parts, after a change of those with `key`. Drops parts without an end that are too old at
 * `at`, or too many, and counts without parts.
 */
const setParts = (
  draft: MemoryDraft,
  all: readonly PartOf[],
  { at, key, toCome = new Set() }: { readonly key: string; readonly at: number; readonly toCome?: Keys },
): void => {
  const isKept = ({ part }: PartOf): boolean =>
    part.delta !== 0 && (part.until !== undefined || at - part.at < undoKeptMs)
  const claimed = new Set([...draft.claims().map(partKeyOf), ...toCome])
  const kept = withFewerCounts(withFewerParts(newestKeys(all.filter(isKept), key, claimed), claimed))
  const objects: CountedObject[] = []
  const parts = kept.map(({ count, part }): OpenPart => {
    const place = objects.findIndex(known => isSameCount(known, count))
    const known = objects[place]
    if (!known) objects.push(count)
    else if (part.key === key) objects[place] = withVersionOf(known, count)
    return { ...part, object: known ? place : objects.length - 1 }
  })
  const { overdue, parts: before = [] } = draft.fields
  draft.set(parts.length > 0 || before.length > 0 ? { objects, parts } : {})
  // The last lease may have ended without a look at the record, by a post that takes it back. Then none follows.
  if (overdue && parts.every(({ until }) => until === undefined) && before.length > parts.length) draft.clear('overdue')
}

/**
 * Returns parts in the order of their keys' last changes, newest first, and those with `last` last. Of
 * the keys without an end, only the newest are kept, and those that something claimed is about to change.
 */
const newestKeys = (parts: readonly PartOf[], last: string, claimed: Keys): readonly PartOf[] => {
  const newest = (group: readonly PartOf[]): number => Math.max(...group.map(({ part }) => part.at))
  const inOrder = [...groupedBy(parts, ({ part }) => part.key)].sort(
    ([a, first], [b, second]) => Number(a === last) - Number(b === last) || newest(second) - newest(first),
  )
  let room = maxUndoKeys
  const isKept = (group: readonly PartOf[]): boolean =>
    group.some(({ part }) => part.until !== undefined || claimed.has(part.key)) || room-- > 0
  const [own, others] = [inOrder.filter(([key]) => key === last), inOrder.filter(([key]) => key !== last)]
  const ownGroups = own.filter(([, group]) => isKept(group))
  return [...others.filter(([, group]) => isKept(group)), ...ownGroups].flatMap(([, group]) =>
    group.toSorted((a, b) => b.part.at - a.part.at),
  )
}

type Keys = ReadonlySet<string | undefined>

/** Returns at most {@link maxObjects} counts' parts. Only counts whose parts have no end are dropped. */
const withFewerCounts = (parts: readonly PartOf[]): readonly PartOf[] => {
  const counts = new Map<string, { readonly leases: boolean; readonly at: number }>()
  const nameOf = ({ count }: PartOf): string => `${count.uid} ${fieldIn(count.target)}`
  for (const each of parts) {
    const { at, leases } = counts.get(nameOf(each)) ?? { at: -Infinity, leases: false }
    counts.set(nameOf(each), { at: Math.max(at, each.part.at), leases: leases || each.part.until !== undefined })
  }
  if (counts.size <= maxObjects) return parts
  const order = [...counts].sort(([, a], [, b]) => Number(b.leases) - Number(a.leases) || b.at - a.at)
  const kept = new Set(order.filter(([, { leases }], index) => leases || index < maxObjects).map(([name]) => name))
  return parts.filter(each => kept.has(nameOf(each)))
}

/**
 * Returns at most {@link maxParts} parts. Drops the oldest without an end first. Then it joins the two
 * of one count whose ends are nearest, at the later time. A part that something claimed is about to change stays.
 */
const withFewerParts = (all: readonly PartOf[], claimed: Keys): readonly PartOf[] => {
  let parts = all
  while (parts.length > maxParts) {
    const free = parts.filter(({ part }) => !claimed.has(part.key))
    const oldest = free.filter(({ part }) => part.until === undefined).sort((a, b) => a.part.at - b.part.at)[0]
    const pair = oldest ? undefined : nearest(free)
    if (!oldest && !pair) return parts
    parts = parts.filter(each => each !== oldest && each !== pair?.[0] && each !== pair?.[1])
    if (pair) parts = [...parts, joinedPart(pair[0], pair[1])].filter(({ part }) => part.delta !== 0)
  }
  return parts
}

const nearest = (parts: readonly PartOf[]): readonly [PartOf, PartOf] | undefined => {
  let best: readonly [PartOf, PartOf] | undefined
  const gap = ([a, b]: readonly [PartOf, PartOf]): number => (b.part.until ?? 0) - (a.part.until ?? 0)
  const groups = groupedBy(parts, ({ count, part }) => `${count.uid} ${fieldIn(count.target)} ${part.since}`)
  for (const group of groups.values()) {
    const inOrder = group.toSorted((a, b) => (a.part.until ?? 0) - (b.part.until ?? 0))
    for (const [index, second] of inOrder.entries()) {
      const first = inOrder[index - 1]
      if (first && (!best || gap([first, second]) < gap(best))) best = [first, second]
    }
  }
  return best
}

/** Joins two parts of one count. What was a group's then ends by time alone. */
const joinedPart = ({ part: first }: PartOf, { count, part: second }: PartOf): PartOf => {
  const [low, high] = [least(first.low, second.low), latest(first.high, second.high)]
  const until = latest(first.until, second.until) ?? 0
  return {
    count,
    part: {
      ...second,
      key: `~${until}`,
      delta: first.delta + second.delta,
      at: Math.min(first.at, second.at),
      until,
      low,
      high,
    },
  }
}

/** Returns when a part ends. `endBefore` is the time before which everything older has to end. */
export const endOf = ({ at, until }: Pick<OpenPart, 'at' | 'until'>, endBefore = -Infinity): number =>
  until === undefined ? Infinity : at < endBefore ? Math.min(until, endBefore) : until

/** Returns whether bounds have kept back the end of a part for so long that its rest stays. */
export const isGivenUp = ({ held, until = Infinity }: OpenPart, now: number): boolean =>
  held === true && now - until > heldForMs

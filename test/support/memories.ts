import { MemoryDraft, type Update } from '../../src/record/draft.ts'
import { joinedNotes, type Memory, type Note } from '../../src/record/memory.ts'
import type { Judge, Ruling } from '../../src/record/ruling.ts'
import * as outcomes from '../../src/record/outcomes.ts'
import * as parts from '../../src/record/parts.ts'
import * as groups from '../../src/record/groups.ts'
import * as protocol from '../../src/record/protocol.ts'

/** Returns a memory after some changes. */
const changed = (memory: Memory, ...updates: readonly Update[]): Memory => {
  const draft = new MemoryDraft(memory)
  for (const update of updates) update(draft)
  return draft.memory()
}

/** A change of a draft; or what it makes of a memory. */
export interface Change {
  (draft: MemoryDraft): void
  (memory: Memory): Memory
}

const asChange =
  <A extends readonly unknown[]>(change: (draft: MemoryDraft, ...args: A) => void) =>
  (...args: A): Change =>
    changeBy(draft => change(draft, ...args))

/** Makes a change of what is done to a draft. */
export const changeBy = (update: Update): Change => {
  function change(draft: MemoryDraft): void
  function change(memory: Memory): Memory
  function change(of: MemoryDraft | Memory): void | Memory {
    if (of instanceof MemoryDraft) update(of)
    else return changed(of, update)
  }
  return change
}

/** Returns what is found out about a memory. */
const ofMemory =
  <A extends readonly unknown[], T>(find: (draft: MemoryDraft, ...args: A) => T) =>
  (memory: Memory, ...args: A): T =>
    find(new MemoryDraft(memory), ...args)

export const withRow = asChange((draft, row: Parameters<MemoryDraft['add']>[0]) => draft.add(row))
export const applied = asChange(protocol.applied)
export const dropped = asChange(protocol.dropped)
export const givenUp = (which: protocol.Which, foundAt = 0): Change =>
  changeBy(draft => protocol.givenUp(draft, which, foundAt))
export const helped = asChange(protocol.helped)
export const noted = asChange((draft, note: Note) => draft.set(joinedNotes(note, draft.fields)))
export const withState = asChange(outcomes.withState)
export const withReport = asChange(groups.withReport)
export const withUndo = asChange(parts.addToPart)
export const decided = asChange(protocol.decided)
export const refusedAt = asChange(protocol.refusedAt)

export const judge = ofMemory(protocol.judge)
export const rowsOf = ofMemory(protocol.rowsOf)
export const allSeen = ofMemory(groups.allSeen)
export const changedBy = ofMemory(parts.partsWithKey)
export const claimsIn = ofMemory(draft => draft.claims())
export const hasRoom = ofMemory((draft, now: number, windowMs: number) => draft.hasRoom(now, windowMs))

/** Returns a judge of drafts, from one that says which memory follows: the very same object where nothing is to be stored. */
export const asJudge =
  <T>(judge: (memory: Memory, now: number) => Ruling<T> & { readonly memory: Memory }): Judge<T> =>
  (draft, now) => {
    const before = draft.memory()
    const { memory, ...ruling } = judge(before, now)
    if (memory !== before) {
      const next = new MemoryDraft(memory)
      next.set({})
      draft.adopt(next)
    }
    return ruling
  }

/** Returns by its key what an undo would take back: the part that changed last, with those of other counts. */
export const undoOf = ({ objects = [], parts = [] }: Pick<Memory, 'objects' | 'parts'>) => {
  const sums = parts.filter(({ until }) => until === undefined)
  return Object.fromEntries(
    [...Map.groupBy(sums, ({ key }) => key)].flatMap(([key, group]) => {
      const [first, ...others] = group.map(({ at, delta, object, since }) => ({
        ...{ at, delta, since },
        ...objects[object],
      }))
      return first ? [[key, { ...first, ...(others.length > 0 && { others }) }] as const] : []
    }),
  )
}

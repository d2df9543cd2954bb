import type { RecentDelivery } from '../api/record.ts'
import { maxRecent } from '../api/status.ts'
import { MemoryDraft, type Update } from './draft.ts'
import type { Memory } from './memory.ts'
import { joined, noted, noteOf, type Note } from './protocol.ts'

/** How many updates wait at most, while the API server is away. What is beyond is lost, and claims are found out again. */
const maxUpdates = 10_000

/** The updates of a record that wait for its next write, in their order. */
export interface Outbox {
  readonly length: number
  /** Adds an update, unless too many wait. */
  add(update: Update): void
  /** Adds what is reported of a delivery. However many are reported, they take the room of the newest. */
  note(delivery: RecentDelivery): void
  /** A draft of a memory with all updates. It is kept, and only read or forked. */
  applied(memory: Memory): MemoryDraft
  /** Answers how many updates a write includes that is made now. What is reported after that is an update of its own. */
  seal(): number
  /** Drops the first so many, since they are stored. */
  drop(count: number): void
}

export const outboxOf = (): Outbox => {
  let updates: Update[] = []
  /** What the last of the updates reports of deliveries, while no write includes it. */
  let note: Note | undefined
  /** Deliveries that are to be in it as well. They are put in when somebody asks, or when there are as many as a status shows. */
  let further: RecentDelivery[] = []
  /** A memory with all updates: kept until either changes. */
  let current: { readonly of: Memory; readonly draft: MemoryDraft } | undefined

  const include = (update: Update): void => {
    if (current) update(current.draft)
  }
  const gather = (): void => {
    if (!note || further.length === 0) return
    const own = noteOf(further)
    further = []
    note = joined(own, note)
    updates[updates.length - 1] = notes(note)
    include(notes(own))
  }
  const closeNote = (): void => {
    gather()
    note = undefined
  }
  const add = (update: Update): boolean => {
    if (updates.length >= maxUpdates) return false
    closeNote()
    updates.push(update)
    include(update)
    return true
  }
  return {
    get length() {
      return updates.length
    },
    add: update => void add(update),
    note: delivery => {
      if (note) {
        further.push(delivery)
        if (further.length >= maxRecent) gather()
        return
      }
      const own = noteOf([delivery])
      if (add(notes(own))) note = own
    },
    applied: memory => {
      gather()
      if (current?.of !== memory) {
        current = { of: memory, draft: new MemoryDraft(memory) }
        for (const update of updates) update(current.draft)
      }
      return current.draft
    },
    seal: () => {
      closeNote()
      return updates.length
    },
    drop: count => {
      if (count === 0) return
      gather()
      updates = updates.slice(count)
      if (updates.length === 0) note = undefined
      current = undefined
    },
  }
}

const notes =
  (note: Note): Update =>
  draft =>
    noted(draft, note)

import type { RecentDelivery } from '../api/record.ts'
import { mostRecent } from '../api/status.ts'
import { joined, noted, noteOf, type Note } from './changes.ts'
import { type Update } from './rows.ts'
import type { Memory } from './memory.ts'

/** How many updates wait at most, while the API server is away. What is beyond is lost, and claims are found out again. */
const mostUpdates = 10_000

/** The updates of a record that wait for its next write, in their order. */
export interface Outbox {
  readonly length: number
  /** Adds an update, unless too many wait. */
  add(update: Update): void
  /** Adds what is reported of a delivery. However many are reported, they take the room of the newest. */
  note(delivery: RecentDelivery): void
  /** Applies all updates to a memory. */
  applied(memory: Memory): Memory
  /** Answers how many updates a write includes that is made now. What is reported after that is an update of its own. */
  seal(): number
  /** Drops the first so many, since they are stored. */
  drop(count: number): void
}

export const outboxOf = (): Outbox => {
  let updates: Update[] = []
  /** What the last of the updates reports of deliveries, while no write includes it. */
  let note: Note | undefined
  /** Deliveries that are to be in it as well. They are put in when somebody asks, or when there are as many as are told. */
  let further: RecentDelivery[] = []
  /** A memory with all updates: kept until either changes. */
  let current: { readonly of: Memory; readonly is: Memory } | undefined

  const include = (update: Update): void => {
    current &&= { of: current.of, is: update(current.is) }
  }
  const gather = (): void => {
    if (!note || further.length === 0) return
    const own = noteOf(further)
    further = []
    note = joined(own, note)
    updates[updates.length - 1] = noted(note)
    include(noted(own))
  }
  const closeNote = (): void => {
    gather()
    note = undefined
  }
  const add = (update: Update): boolean => {
    if (updates.length >= mostUpdates) return false
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
        if (further.length >= mostRecent) gather()
        return
      }
      const own = noteOf([delivery])
      if (add(noted(own))) note = own
    },
    applied: memory => {
      gather()
      if (current?.of !== memory) current = { of: memory, is: updates.reduce((so, update) => update(so), memory) }
      return current.is
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

import type { RecentDelivery } from '../api/record.ts'
import { MemoryDraft, type Update } from './draft.ts'
import type { Memory } from './memory.ts'
import { joined, noteOf, type Note } from './protocol.ts'

/**
 * How many updates may wait while the API server does not answer. Further updates are dropped. The
 * outcomes that they report are found out again later.
 */
const maxUpdates = 10_000

/** The updates of a record that wait for its next write, in order. */
export class PendingUpdates {
  #updates: Update[] = []
  /**
   * The joined report of deliveries, which the next write turns into an update. However many
   * deliveries it reports, it has the details of only the newest.
   */
  #note: Note | undefined
  /** A memory with all updates, cached until the memory or the updates change. */
  #current: { readonly of: Memory; readonly draft: MemoryDraft } | undefined

  get length(): number {
    return this.#updates.length + (this.#note ? 1 : 0)
  }

  /** Adds an update, unless too many wait. */
  add(update: Update): void {
    if (this.#updates.length >= maxUpdates) return
    this.#updates.push(update)
    if (this.#current) update(this.#current.draft)
  }

  /** Adds the report of a delivery. */
  note(delivery: RecentDelivery): void {
    const own = noteOf(delivery)
    this.#note = this.#note ? joined(own, this.#note) : own
  }

  /** Adds an update of a report that was added before. */
  amend(update: Update): void {
    // The update must come after the report that it changes.
    this.seal()
    this.add(update)
  }

  /**
   * Returns a draft of a memory with all updates. It is cached, so only read or fork it. The draft
   * lacks the reports that no write includes yet, because no decision needs them.
   */
  applied(memory: Memory): MemoryDraft {
    if (this.#current?.of !== memory) {
      this.#current = { of: memory, draft: new MemoryDraft(memory) }
      for (const update of this.#updates) update(this.#current.draft)
    }
    return this.#current.draft
  }

  /**
   * Turns the joined report into an update. Returns the number of updates, for a write that starts
   * now. Later reports go into a new update.
   */
  seal(): number {
    const note = this.#note
    this.#note = undefined
    if (note) this.add(draft => draft.set(joined(note, draft.fields)))
    return this.#updates.length
  }

  /** Drops the first `count` updates, which are stored. */
  drop(count: number): void {
    if (count === 0) return
    this.#updates = this.#updates.slice(count)
    this.#current = undefined
  }
}

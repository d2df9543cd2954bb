import type { RecentDelivery } from '../api/record.ts'
import { maxRecent } from '../api/status.ts'
import { MemoryDraft, type Update } from './draft.ts'
import type { Memory } from './memory.ts'
import { joined, noted, noteOf, type Note } from './protocol.ts'

/** How many updates wait at most, while the API server is away. What is beyond is lost, and claims are found out again. */
const maxUpdates = 10_000

/** The updates of a record that wait for its next write, in their order. */
export class Outbox {
  #updates: Update[] = []
  /** What the last of the updates reports of deliveries, while no write includes it. */
  #note: Note | undefined
  /** Deliveries that are to be in it as well. They are put in when somebody asks, or when there are as many as a status shows. */
  #further: RecentDelivery[] = []
  /** A memory with all updates: kept until either changes. */
  #current: { readonly of: Memory; readonly draft: MemoryDraft } | undefined

  get length(): number {
    return this.#updates.length
  }

  /** Adds an update, unless too many wait. */
  add(update: Update): void {
    this.#add(update)
  }

  /** Adds what is reported of a delivery. However many are reported, they take the room of the newest. */
  note(delivery: RecentDelivery): void {
    if (this.#note) {
      this.#further.push(delivery)
      if (this.#further.length >= maxRecent) this.#gather()
      return
    }
    const own = noteOf([delivery])
    if (this.#add(notes(own))) this.#note = own
  }

  /** A draft of a memory with all updates. It is kept, and only read or forked. */
  applied(memory: Memory): MemoryDraft {
    this.#gather()
    if (this.#current?.of !== memory) {
      this.#current = { of: memory, draft: new MemoryDraft(memory) }
      for (const update of this.#updates) update(this.#current.draft)
    }
    return this.#current.draft
  }

  /** Returns how many updates a write includes that is made now. What is reported after that is an update of its own. */
  seal(): number {
    this.#closeNote()
    return this.#updates.length
  }

  /** Drops the first so many, since they are stored. */
  drop(count: number): void {
    if (count === 0) return
    this.#gather()
    this.#updates = this.#updates.slice(count)
    if (this.#updates.length === 0) this.#note = undefined
    this.#current = undefined
  }

  /** Adds an update, and returns whether there was room. */
  #add(update: Update): boolean {
    if (this.#updates.length >= maxUpdates) return false
    this.#closeNote()
    this.#updates.push(update)
    this.#include(update)
    return true
  }

  #include(update: Update): void {
    if (this.#current) update(this.#current.draft)
  }

  /** Puts the deliveries that were reported since into the note. */
  #gather(): void {
    if (!this.#note || this.#further.length === 0) return
    const own = noteOf(this.#further)
    this.#further = []
    this.#note = joined(own, this.#note)
    this.#updates[this.#updates.length - 1] = notes(this.#note)
    this.#include(notes(own))
  }

  #closeNote(): void {
    this.#gather()
    this.#note = undefined
  }
}

const notes =
  (note: Note): Update =>
  draft =>
    noted(draft, note)

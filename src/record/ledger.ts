import type { RecentDelivery } from '../api/record.ts'
import type { Clock, Environment } from '../environment/environment.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { wait, within } from '../environment/wait.ts'
import { forbiddenTries, type Charge } from '../kube/written.ts'
import { RecordCell, type FoundRecord } from './cell.ts'
import { MemoryDraft, type Update } from './draft.ts'
import {
  defaultLimits,
  joinedNotes,
  noteOf,
  type Memory,
  type Note,
  type RecordLimits,
  type RecordOwner,
} from './memory.ts'
import type { Decided, Deciding, Judge, Ruling } from './ruling.ts'
import type { RecordPut, RecordRead } from './store.ts'

/** The wait before the API server is tried again. */
const retry: Backoff = { firstMs: 25, maxMs: 400 }

/** How many conflicts in a row are retried at once. After that, there is a wait after each. */
const maxConflicts = 8

/**
 * How many updates may wait while the API server does not answer. Further updates are dropped. The
 * outcomes that they report are found out again later.
 */
const maxUpdates = 10_000

/**
 * Opens the record of a hook. `instance` identifies this ledger among all processes. `dirtied` is
 * called when the first update waits.
 */
export const openLedger = (
  world: Pick<Environment, 'api' | 'clock' | 'log'>,
  owner: RecordOwner,
  instance: string,
  dirtied: (ledger: Ledger) => void,
  limits: RecordLimits = defaultLimits,
  charge: Charge = () => {},
): Ledger => new RecordLedger(world, owner, instance, dirtied, limits, charge)

/**
 * Decides about a delivery by its deadline, in monotonic milliseconds. Undefined after that: the last changes may be stored
 * now or later.
 */
export const decideBy = <T>(
  clock: Clock,
  deadline: number,
  ledger: Ledger,
  judge: Judge<T>,
): Promise<Decided<T> | undefined> =>
  within(clock, deadline - clock.monotonic(), ledger.decide(judge, { mayContinue: () => clock.monotonic() < deadline }))

/** The record of one hook, as one process reads and writes it. */
export type Ledger = Pick<RecordLedger, keyof RecordLedger>

class RecordLedger {
  readonly owner: RecordOwner
  readonly #world: Pick<Environment, 'clock' | 'log'>
  readonly #dirtied: (ledger: Ledger) => void
  readonly #cell: RecordCell
  /** The updates that wait for the next write, in order. */
  #updates: Update[] = []
  /**
   * The joined report of deliveries, which the next write turns into an update. However many
   * deliveries it reports, it has the details of only the newest.
   */
  #note: Note | undefined
  /** A memory with all updates, cached until the memory or the updates change. */
  #current: { readonly of: Memory; readonly draft: MemoryDraft } | undefined
  #storedAt = -Infinity
  /** How many reads, and how many writes, in a row were refused. */
  #refusedReads = 0
  #refusedWrites = 0
  #deciding = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    world: Pick<Environment, 'api' | 'clock' | 'log'>,
    owner: RecordOwner,
    instance: string,
    dirtied: (ledger: Ledger) => void,
    limits: RecordLimits,
    charge: Charge,
  ) {
    this.owner = owner
    this.#world = world
    this.#dirtied = dirtied
    this.#cell = new RecordCell(world, owner, instance, limits, charge, this.#stored)
  }

  /**
   * Returns the last read or written memory with the waiting updates, or undefined before the first
   * read. It may be out of date; only read it.
   */
  known(): MemoryDraft | undefined {
    const { known } = this.#cell
    return known && this.#applied(known.memory)
  }

  /** Decides on the newest memory and stores the changes by compare-and-swap. Decisions run one at a time. */
  decide<T>(judge: Judge<T>, waiting: Deciding): Promise<Decided<T>> {
    this.#deciding += 1
    const mine = this.#turn.then(() => this.#store(judge, waiting)).finally(() => (this.#deciding -= 1))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Stores an update with the next write, or with `flush`. */
  later(update: Update): void {
    if (this.#updates.length >= maxUpdates) return
    const wasEmpty = !this.dirty
    this.#updates.push(update)
    if (this.#current) update(this.#current.draft)
    if (wasEmpty) this.#dirtied(this)
  }

  /**
   * Stores the report of a delivery with the next write. Until then every delivery is counted, but
   * only the newest keep their details.
   */
  note(delivery: RecentDelivery): void {
    const wasEmpty = !this.dirty
    const own = noteOf(delivery)
    this.#note = this.#note ? joinedNotes(own, this.#note) : own
    if (wasEmpty) this.#dirtied(this)
  }

  /** Changes the report of an earlier delivery with the next write. */
  amend(update: Update): void {
    // The update must come after the report that it changes.
    this.#seal()
    this.later(update)
  }

  /** Stores the waiting updates while `mayContinue` returns true. Drops them if they can never be stored. */
  async flush(mayContinue: () => boolean): Promise<void> {
    if (!this.dirty) return
    const storeAll = (draft: MemoryDraft): Ruling<undefined> => {
      // The draft has the waiting updates already. It is only marked as changed, so that it is
      // written. Another write may have stored them while this one waited for its turn.
      if (this.#updates.length > 0) draft.set({})
      return { result: undefined }
    }
    const flushed = await this.decide(storeAll, { mayContinue })
    if (flushed.decided === 'stored' || flushed.decided === 'given up' || flushed.decided === 'held') return
    const why = flushed.decided === 'gone' ? 'the hook is gone' : flushed.message
    const { name, namespace } = this.owner
    this.#world.log.warn({ namespace, record: name, why }, 'the record is not written')
    this.#stored(this.#seal())
    this.#cell.endDoubts()
  }

  get dirty(): boolean {
    return this.#updates.length > 0 || this.#note !== undefined
  }

  /** Returns when updates were last stored, in monotonic milliseconds. */
  get storedAt(): number {
    return this.#storedAt
  }

  /** Returns whether no update waits and no decision is in progress. Then the ledger may be dropped. */
  get idle(): boolean {
    return !this.dirty && this.#deciding === 0
  }

  /** Returns an error message if a newer program wrote the record. Undefined otherwise. */
  get newer(): string | undefined {
    return this.#cell.newer
  }

  /** Returns the number of rows that the ledger keeps in memory. */
  get rows(): number {
    return this.#cell.known?.memory.rows.length ?? 0
  }

  readonly #stored = (updates: number): void => {
    if (updates === 0) return
    this.#storedAt = this.#world.clock.monotonic()
    this.#updates = this.#updates.slice(updates)
    this.#current = undefined
  }

  /**
   * Returns a draft of a memory with all updates. It is cached, so only read or fork it. The draft
   * lacks the reports that no write includes yet, because no decision needs them.
   */
  #applied(memory: Memory): MemoryDraft {
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
  #seal(): number {
    const note = this.#note
    // The report is still there meanwhile, so that the update is not the first that waits.
    if (note) this.later(draft => draft.set(joinedNotes(note, draft.fields)))
    this.#note = undefined
    return this.#updates.length
  }

  async #store<T>(judge: Judge<T>, waiting: Deciding): Promise<Decided<T>> {
    let pauses = 0
    let conflicts = 0
    while (waiting.mayContinue()) {
      const tried = await this.#try(judge, waiting)
      if (tried.decided === 'stored' || tried.decided === 'given up') return tried
      waiting.withdrawn?.()
      if (tried.decided !== 'not yet') return tried
      // Other writers finish after a few conflicts. A server that always reports a conflict must
      // not be asked without a pause.
      const why = tried.isConflict === true && ++conflicts > maxConflicts ? 'the record kept changing' : tried.message
      if (why === undefined) continue
      waiting.delayed?.(why)
      const ownMs = waitAfter(retry, pauses++)
      await wait(this.#world.clock, Math.min(tried.retryAfterMs ?? ownMs, retry.maxMs))
    }
    return { decided: 'given up' }
  }

  async #try<T>(judge: Judge<T>, waiting: Deciding): Promise<Tried<T>> {
    const { mayContinue, withdrawn } = waiting
    const cell = this.#cell
    const known = cell.current
    const isFresh = known === undefined
    const based = known ?? (await cell.read())
    if (based.read !== 'found') return this.#without(based)
    if (isFresh) this.#refusedReads = 0
    // Decides on this version with the updates that wait.
    const judged = () => {
      const included = this.#seal()
      const draft = this.#applied(based.memory).fork()
      return { included, draft, ...judge(draft, this.#world.clock.now()) }
    }
    const first = judged()
    // The read may have taken too long. Nobody waits for what would be stored now.
    if (isFresh && first.draft.isChanged && !mayContinue()) return notYet
    const closing = first.draft.isChanged ? cell.prepare(based) : undefined
    // Storing a page may take seconds, so the decision is made again after it. With the older
    // time in the row of a claim, a cooldown would end too early.
    if (closing) withdrawn?.()
    await closing
    if (closing && !mayContinue()) return notYet
    const { draft, included, needsNewest = false, result } = closing ? judged() : first
    if (draft.isChanged) {
      const written = await cell.put(based, draft.memory(), included, waiting)
      return this.#triedBy(written, isFresh, result)
    }
    if (isFresh || !needsNewest) return { decided: 'stored', result }
    cell.forget()
    return notYet
  }

  /** Returns what a read has come to that has found no record to decide on. */
  #without(read: Exclude<RecordRead, FoundRecord>): Tried<never> {
    if (read.read === 'gone') return { decided: 'gone' }
    if (read.read === 'newer' || read.read === 'held') return { decided: read.read, message: read.message }
    const isFinal = read.read === 'refused' && ++this.#refusedReads >= forbiddenTries
    return { decided: isFinal ? 'refused' : 'not yet', ...read }
  }

  /** Returns what a write has come to. `isFresh`: it was based on a version that was just read. */
  #triedBy<T>(written: RecordPut, isFresh: boolean, result: T): Tried<T> {
    if (written.sent === 'stored') {
      this.#refusedWrites = 0
      return { decided: 'stored', result }
    }
    if (written.sent === 'not sent') return { decided: 'not yet', ...written }
    const isForbidden = written.sent === 'refused' && written.status === 403
    // If the write is finally refused, keep the version that was just read: the claims in it can
    // still be finished.
    if (written.sent === 'refused' && !isForbidden && isFresh) return { decided: 'refused', message: written.message }
    this.#cell.forget()
    if (written.sent === 'unknown') return { decided: 'given up' }
    if (written.sent === 'conflict') return { decided: 'not yet', isConflict: true }
    if (!isForbidden) return notYet
    return { decided: ++this.#refusedWrites < forbiddenTries ? 'not yet' : 'refused', message: written.message }
  }
}

/** What one try of a decision has come to. If it is tried again with a message, then after a wait. */
type Tried<T> =
  | Decided<T>
  | {
      readonly decided: 'not yet'
      readonly message?: string
      readonly retryAfterMs?: number | undefined
      readonly isConflict?: boolean
    }

const notYet = { decided: 'not yet' } as const

import type { RecentDelivery } from '../api/record.ts'
import type { Environment } from '../environment/environment.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { wait } from '../environment/wait.ts'
import { forbiddenTries, type Charge } from '../kube/written.ts'
import { RecordCell, type Waiter } from './cell.ts'
import type { MemoryDraft, Update } from './draft.ts'
import { PendingUpdates } from './pending-updates.ts'
import { defaultLimits, type RecordLimits, type RecordOwner } from './memory.ts'

/** The wait before the API server is tried again. */
const retry: Backoff = { firstMs: 25, maxMs: 400 }

/** How many conflicts in a row are retried at once. After that, there is a wait after each. */
const maxConflicts = 8

/** The result of a judge. The judge's changes of the draft are stored. */
export interface Ruling<T> {
  readonly result: T
  /**
   * True if the result is valid only for the newest memory. If nothing has to be stored, the newest
   * memory is then read.
   */
  readonly needsNewest?: boolean
}

/**
 * Decides on a memory at `now`, in milliseconds since the epoch. It may run several times, each
 * time on a new draft.
 */
export type Judge<T> = (draft: MemoryDraft, now: number) => Ruling<T>

export type Decided<T> =
  /**
   * Decided, and the changes are stored. If there were no changes, the memory may be out of date,
   * unless the judge asked for the newest.
   */
  | { readonly decided: 'stored'; readonly result: T }
  /** The hook was deleted or replaced. Nothing was stored. */
  | { readonly decided: 'gone' }
  /** A newer program wrote the record. Nothing was decided or stored. */
  | { readonly decided: 'newer'; readonly message: string }
  /** The leases of an earlier hook of the name have to end first. Posts of other hooks must not wait for that. */
  | { readonly decided: 'held'; readonly message: string }
  /** The API server refused the record. Nothing was stored. */
  | { readonly decided: 'refused'; readonly message: string }
  /** Nobody waits any more. The last changes may be stored now or later. */
  | { readonly decided: 'given up' }

/** A caller that waits for a decision. */
export interface Deciding extends Waiter {
  /** Called when the last changes are certain not to be stored. */
  readonly withdrawn?: () => void
}

/** The record of one hook, as one process reads and writes it. */
export interface Ledger {
  readonly owner: RecordOwner
  /**
   * Returns the last read or written memory with the waiting updates, or undefined before the first
   * read. It may be out of date; only read it.
   */
  known(): MemoryDraft | undefined
  /**
   * Decides on the newest memory and stores the changes by compare-and-swap. Decisions run one at a
   * time.
   */
  decide<T>(judge: Judge<T>, deciding: Deciding): Promise<Decided<T>>
  /** Stores an update with the next write, or with `flush`. */
  later(update: Update): void
  /**
   * Stores the report of a delivery with the next write. Until then every delivery is counted, but
   * only the newest keep their details.
   */
  note(delivery: RecentDelivery): void
  /** Changes the report of an earlier delivery with the next write. */
  amend(update: Update): void
  /**
   * Stores the waiting updates while `mayContinue` returns true. Drops them if they can never be
   * stored.
   */
  flush(mayContinue: () => boolean): Promise<void>
  /** True if updates wait. */
  readonly dirty: boolean
  /** When updates were last stored, in monotonic milliseconds. */
  readonly storedAt: number
  /** True if no update waits and no decision is in progress. Then the ledger may be dropped. */
  readonly idle: boolean
  /** An error message if a newer program wrote the record. Undefined otherwise. */
  readonly newer: string | undefined
  /** The number of rows that the ledger keeps in memory. */
  readonly rows: number
}

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

class RecordLedger implements Ledger {
  readonly owner: RecordOwner
  readonly #world: Pick<Environment, 'clock' | 'log'>
  readonly #dirtied: (ledger: Ledger) => void
  readonly #pending = new PendingUpdates()
  readonly #cell: RecordCell
  #storedAt = -Infinity
  /** How many requests in a row were refused. */
  #refusals = 0
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

  known(): MemoryDraft | undefined {
    const { known } = this.#cell
    return known && this.#pending.applied(known.memory)
  }

  decide<T>(judge: Judge<T>, waiting: Deciding): Promise<Decided<T>> {
    this.#deciding += 1
    const mine = this.#turn.then(() => this.#store(judge, waiting)).finally(() => (this.#deciding -= 1))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  later(update: Update): void {
    const wasEmpty = !this.dirty
    this.#pending.add(update)
    if (wasEmpty) this.#dirtied(this)
  }

  note(delivery: RecentDelivery): void {
    const wasEmpty = !this.dirty
    this.#pending.note(delivery)
    if (wasEmpty) this.#dirtied(this)
  }

  amend(update: Update): void {
    const wasEmpty = !this.dirty
    this.#pending.amend(update)
    if (wasEmpty) this.#dirtied(this)
  }

  async flush(mayContinue: () => boolean): Promise<void> {
    if (!this.dirty) return
    const storeAll = (draft: MemoryDraft): Ruling<undefined> => {
      // The draft has the waiting updates already. It is only marked as changed, so that it is
      // written.
      draft.set({})
      return { result: undefined }
    }
    const flushed = await this.decide(storeAll, { mayContinue })
    if (flushed.decided === 'stored' || flushed.decided === 'given up' || flushed.decided === 'held') return
    const why = flushed.decided === 'gone' ? 'the hook is no more' : flushed.message
    const { name, namespace } = this.owner
    this.#world.log.warn({ namespace, record: name, why }, 'the record is not written')
    this.#stored(this.#pending.seal())
    this.#cell.endDoubts()
  }

  get dirty(): boolean {
    return this.#pending.length > 0
  }

  get storedAt(): number {
    return this.#storedAt
  }

  get idle(): boolean {
    return !this.dirty && this.#deciding === 0
  }

  get newer(): string | undefined {
    return this.#cell.newer
  }

  get rows(): number {
    return this.#cell.known?.memory.rows.length ?? 0
  }

  readonly #stored = (updates: number): void => {
    if (updates > 0) this.#storedAt = this.#world.clock.monotonic()
    this.#pending.drop(updates)
  }

  async #store<T>(judge: Judge<T>, waiting: Deciding): Promise<Decided<T>> {
    const { delayed, mayContinue, withdrawn } = waiting
    const cell = this.#cell
    let pauses = 0
    let conflicts = 0
    const pause = async (message: string, askedMs?: number): Promise<void> => {
      delayed?.(message)
      const ownMs = waitAfter(retry, pauses++)
      await wait(this.#world.clock, Math.min(askedMs ?? ownMs, retry.maxMs))
    }
    while (mayContinue()) {
      const known = cell.current
      const isFresh = known === undefined
      const based = known ?? (await cell.read())
      if (based.read !== 'found') {
        if (based.read === 'gone') return { decided: 'gone' }
        if (based.read === 'newer') return { decided: 'newer', message: based.message }
        if (based.read === 'held') return { decided: 'held', message: based.message }
        const isFinal = based.read === 'refused' && ++this.#refusals >= forbiddenTries
        if (isFinal) return { decided: 'refused', message: based.message }
        await pause(based.message, 'retryAfterMs' in based ? based.retryAfterMs : undefined)
        continue
      }
      // Decides on this version with the updates that wait.
      const judged = () => {
        const included = this.#pending.seal()
        const draft = this.#pending.applied(based.memory).fork()
        return { included, draft, ...judge(draft, this.#world.clock.now()) }
      }
      const first = judged()
      const closing = first.draft.isChanged ? cell.prepare(based) : undefined
      // Storing a page may take seconds, so the decision is made again after it. With the older
      // time in the row of a claim, a cooldown would end too early.
      if (closing) withdrawn?.()
      const { draft, included, needsNewest = false, result } = closing ? await closing.then(judged) : first
      if (!draft.isChanged) {
        if (isFresh || !needsNewest) return { decided: 'stored', result }
        cell.forget()
        continue
      }
      const written = await cell.put(based, draft.memory(), included, waiting)
      if (written.put === 'stored') {
        this.#refusals = 0
        return { decided: 'stored', result }
      }
      // If the write is finally refused, keep the version that was just read: the claims in it can
      // still be finished.
      const isFinal = written.put === 'refused' && !written.forbidden && isFresh
      if (written.put !== 'not sent' && !isFinal) cell.forget()
      if (written.put === 'unknown') return { decided: 'given up' }
      withdrawn?.()
      if (written.put === 'refused') {
        const isRefused = written.forbidden && ++this.#refusals >= forbiddenTries
        if (isFinal || isRefused) return { decided: 'refused', message: written.message }
        if (written.forbidden) await pause(written.message)
      }
      if (written.put === 'not sent') await pause(written.message, written.retryAfterMs)
      // Other writers finish after a few conflicts. A server that always reports a conflict must
      // not be asked without a pause.
      if (written.put === 'conflict' && ++conflicts > maxConflicts) await pause('the record kept changing')
    }
    return { decided: 'given up' }
  }
}

import type { RecentDelivery } from '../api/record.ts'
import type { Clock, Environment } from '../environment/environment.ts'
import { Waits } from '../environment/backoff.ts'
import { wait } from '../environment/wait.ts'
import { forbiddenTries, type Charge } from '../kube/written.ts'
import { cellOf, type FoundRecord, type Waiter } from './cell.ts'
import type { MemoryDraft, Update } from './draft.ts'
import type { RecordOwner } from './memory.ts'
import { outboxOf, type Outbox } from './outbox.ts'
import { defaultLimits, type RecordLimits } from './pages.ts'

/** The wait before the API server is tried again, in milliseconds; it doubles up to the longest. */
const firstRetryMs = 25
const longestRetryMs = 400

/** How many conflicts in a row are taken for writes of others, before there is a wait after each. */
const mostConflicts = 8

/** What a judge says of a memory. What it has changed in the draft is stored. */
export interface Ruling<T> {
  readonly result: T
  /** That it is right only on the newest memory, which is read for it where nothing is to be stored. */
  readonly needsNewest?: boolean
}

/** Judges a memory at `now`, in milliseconds since the epoch. It may run many times, each time on another draft. */
export type Judge<T> = (draft: MemoryDraft, now: number) => Ruling<T>

export type Decided<T> =
  /**
   * Judged on the newest memory, and what follows is stored. Where nothing follows, the memory may be out of date, unless
   * the judgement asked for the newest.
   */
  | { readonly decided: 'stored'; readonly result: T }
  /** The hook is no more, or another has its name. Nothing was stored. */
  | { readonly decided: 'gone' }
  /** A later version wrote the record. Nothing was judged or stored. */
  | { readonly decided: 'newer'; readonly message: string }
  /** The API server will not have it. Nothing was stored. */
  | { readonly decided: 'refused'; readonly message: string }
  /** Nobody waits any more. What the last judgement led to may have been stored, or be stored still. */
  | { readonly decided: 'given up' }

/** Who waits for a decision. */
export interface Deciding extends Waiter {
  /** What the last judgement led to was surely not stored. */
  readonly withdrawn?: () => void
}

/** The record of one hook, as one process reads and writes it. */
export interface Ledger {
  readonly owner: RecordOwner
  /** What was last read or written, with the later updates; undefined before that. It may be out of date, and is only read. */
  known(): MemoryDraft | undefined
  /** Judges the newest memory and stores what follows, by compare-and-swap; one decision at a time. */
  decide<T>(judge: Judge<T>, deciding: Deciding): Promise<Decided<T>>
  /** Stores an update with the next write, for which `flush` sees. */
  later(update: Update): void
  /** Tells of a delivery with the next write. However many wait to be told, they take the room of the newest. */
  note(delivery: RecentDelivery): void
  /** Stores the updates that wait. */
  flush(goOn: () => boolean): Promise<void>
  /** Whether updates wait. */
  readonly dirty: boolean
  /** When updates were last stored, with a decision or alone, in monotonic milliseconds. */
  readonly storedAt: number
  /** Whether nothing waits or goes on, so that it may be forgotten. */
  readonly idle: boolean
  /** Why the record cannot be used, where a later version wrote it. */
  readonly newer: string | undefined
  /** How many rows of what was last read or written it keeps in memory. */
  readonly rows: number
}

/** Judges a version of a record, with the updates that wait. */
const judgedOn = <T>(based: FoundRecord, judge: Judge<T>, outbox: Outbox, clock: Clock) => {
  const included = outbox.seal()
  const draft = outbox.applied(based.memory).fork()
  return { included, draft, ...judge(draft, clock.now()) }
}

/**
 * Opens the record of a hook. `instance` names this ledger among all that write the record, in all processes. `dirtied` is called
 * when updates begin to wait.
 */
export const openLedger = (
  environment: Pick<Environment, 'api' | 'clock' | 'log'>,
  owner: RecordOwner,
  instance: string,
  dirtied: (ledger: Ledger) => void,
  limits: RecordLimits = defaultLimits,
  charge: Charge = () => {},
): Ledger => {
  const { clock, log } = environment
  const outbox = outboxOf()
  let storedAt = -Infinity
  const stored = (updates: number): void => {
    if (updates > 0) storedAt = clock.monotonic()
    outbox.drop(updates)
  }
  const cell = cellOf(environment, owner, instance, limits, charge, stored)
  /** How many requests in a row were refused. */
  let refusals = 0
  let deciding = 0
  let turn: Promise<unknown> = Promise.resolve()

  const store = async <T>(judge: Judge<T>, waiting: Deciding): Promise<Decided<T>> => {
    const { delayed, goOn, withdrawn } = waiting
    const retries = new Waits({ firstMs: firstRetryMs, maxMs: longestRetryMs })
    let conflicts = 0
    const pause = async (message: string, askedMs?: number): Promise<void> => {
      delayed?.(message)
      const ownMs = retries.next()
      await wait(clock, Math.min(askedMs ?? ownMs, longestRetryMs))
    }
    while (goOn()) {
      const isFresh = cell.usable === undefined
      const based = cell.usable ?? (await cell.read())
      if (based.read !== 'found') {
        if (based.read === 'gone') return { decided: 'gone' }
        if (based.read === 'newer') return { decided: 'newer', message: based.message }
        const isFinal = based.read === 'refused' && ++refusals >= forbiddenTries
        if (isFinal) return { decided: 'refused', message: based.message }
        await pause(based.message, 'retryAfterMs' in based ? based.retryAfterMs : undefined)
        continue
      }
      const now = () => judgedOn(based, judge, outbox, clock)
      const first = now()
      const closing = first.draft.isChanged ? cell.prepare(based) : undefined
      // It may take seconds: a claim is as old as its row says, or its hook would cool down too early.
      if (closing) withdrawn?.()
      const { draft, included, needsNewest = false, result } = closing ? await closing.then(now) : first
      if (!draft.isChanged) {
        if (isFresh || !needsNewest) return { decided: 'stored', result }
        cell.forget()
        continue
      }
      const written = await cell.put(based, draft.memory(), included, waiting)
      if (written.put === 'stored') {
        refusals = 0
        return { decided: 'stored', result }
      }
      // What was just read stays known where there is no room for more: to find out what is over in it.
      const isFinal = written.put === 'refused' && !written.forbidden && isFresh
      if (written.put !== 'not sent' && !isFinal) cell.forget()
      if (written.put === 'unknown') return { decided: 'given up' }
      withdrawn?.()
      if (written.put === 'refused') {
        const isTold = written.forbidden && ++refusals >= forbiddenTries
        if (isFinal || isTold) return { decided: 'refused', message: written.message }
        if (written.forbidden) await pause(written.message)
      }
      if (written.put === 'not sent') await pause(written.message, written.retryAfterMs)
      // The others are through after a few: a server that always says so is not to be asked without a pause.
      if (written.put === 'conflict' && ++conflicts > mostConflicts) await pause('the record kept changing')
    }
    return { decided: 'given up' }
  }

  const decide = <T>(judge: Judge<T>, waiting: Deciding): Promise<Decided<T>> => {
    deciding += 1
    const mine = turn.then(() => store(judge, waiting)).finally(() => (deciding -= 1))
    turn = mine.catch(() => undefined)
    return mine
  }

  const adding = (add: () => void): void => {
    const wasEmpty = outbox.length === 0
    add()
    if (wasEmpty) dirtied(self)
  }
  const self: Ledger = {
    owner,
    known: () => cell.known && outbox.applied(cell.known.memory),
    decide,
    later: update => adding(() => outbox.add(update)),
    note: delivery => adding(() => outbox.note(delivery)),
    flush: async goOn => {
      if (outbox.length === 0) return
      const flushed = await decide(draft => ({ result: draft.set({}) }), { goOn })
      if (flushed.decided === 'stored' || flushed.decided === 'given up') return
      const why = flushed.decided === 'gone' ? 'the hook is no more' : flushed.message
      log.warn({ namespace: owner.namespace, record: owner.name, why }, 'the record is not written')
      stored(outbox.length)
      cell.endDoubts()
    },
    get dirty() {
      return outbox.length > 0
    },
    get storedAt() {
      return storedAt
    },
    get idle() {
      return outbox.length === 0 && deciding === 0
    },
    get newer() {
      return cell.newer
    },
    get rows() {
      return cell.known?.memory.rows.length ?? 0
    },
  }
  return self
}

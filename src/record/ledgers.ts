import type { RecordOwner } from './memory.ts'
import type { Environment } from '../environment/environment.ts'
import { wait, within } from '../environment/wait.ts'
import { pauseAfter } from '../kube/make-way.ts'
import { openLedger, type Ledger } from './ledger.ts'
import type { RecordLimits } from './pages.ts'

/**
 * Least times between two writes that nobody waits for, in milliseconds: of one record, and of one process. That of a record
 * doubles up to the longest while it is written again and again: each is a request, and the replicas' come in each other's way.
 */
const recordSpacingMs = 1000
const longestSpacingMs = 5000
const processSpacingMs = 50

/** How long such a write is tried, and how long all of them together when the process ends, in milliseconds. */
const flushWithinMs = 10_000
const closeWithinMs = 2000

/** How many records are kept in memory while nothing goes on with them, and how many rows of theirs: some 14 MB. */
const mostIdle = 1000
const mostIdleRows = 100_000

/** How often the rows are counted, in milliseconds. */
const countRowsEveryMs = 10_000

/** The records of all hooks, as one process reads and writes them. */
export interface Ledgers {
  of(owner: RecordOwner): Ledger
  /** Says why a record cannot be used, if a later version wrote one of those that are known here. */
  newer(): string | undefined
  /** Writes what waits, at the rates above, until `stop` is aborted; then all that is left. */
  run(stop: AbortSignal): Promise<void>
}

/** When a record was last written with nobody waiting, in monotonic milliseconds, and how soon it may be again. */
interface Flushed {
  readonly at: number
  readonly spacingMs: number
}

const never: Flushed = { at: -Infinity, spacingMs: recordSpacingMs }

/** Charges a hook, by its uid, with bytes that are stored for it. */
type ChargeFor = (uid: string, bytes: number) => void

export const openLedgers = (
  environment: Pick<Environment, 'api' | 'clock' | 'log' | 'random'>,
  limits?: RecordLimits,
  charge: ChargeFor = () => {},
): Ledgers => {
  const { clock, log, random } = environment
  const instance = Buffer.from(random.bytes(8)).toString('base64url')
  /** Each ledger signs with a number of its own: the writes of one that was forgotten are not those of the next. */
  let opened = 0
  /** By the uids of their hooks, in the order of their last use. */
  const ledgers = new Map<string, Ledger>()
  /** Each with when it may be written next, in monotonic milliseconds. */
  const dirty = new Map<Ledger, number>()
  const flushed = new WeakMap<Ledger, Flushed>()
  const flushing = new Set<Promise<void>>()
  /** How long the last such write took, in milliseconds. */
  let tookMs = 0
  let wake = (): void => {}
  /** Until when the loop sleeps, unless it is woken, in monotonic milliseconds. */
  let sleepsUntil = -Infinity

  const dirtied = (ledger: Ledger): void => {
    // Where deliveries are claimed all the time, what is left of each travels with the claim of the next.
    const { at, spacingMs } = flushed.get(ledger) ?? never
    const due = Math.max(clock.monotonic() + processSpacingMs, Math.max(at, ledger.storedAt) + spacingMs)
    dirty.set(ledger, due)
    if (due < sleepsUntil) wake()
  }

  const flush = async (ledger: Ledger, withinMs: number): Promise<void> => {
    dirty.delete(ledger)
    const began = clock.monotonic()
    const { at, spacingMs } = flushed.get(ledger) ?? never
    const isBusy = began - at < 2 * longestSpacingMs
    flushed.set(ledger, { at: began, spacingMs: isBusy ? Math.min(2 * spacingMs, longestSpacingMs) : recordSpacingMs })
    const end = began + withinMs
    try {
      await ledger.flush(() => clock.monotonic() < end)
    } catch (error) {
      const { name, namespace } = ledger.owner
      log.error({ namespace, record: name, error }, 'writing a record failed in a way it never should')
    }
    tookMs = clock.monotonic() - began
    if (ledger.dirty) dirtied(ledger)
  }

  const begin = (ledger: Ledger): void => {
    const writing = flush(ledger, flushWithinMs).finally(() => flushing.delete(writing))
    flushing.add(writing)
  }

  /** What is under way first: only after that it shows what is left. */
  const flushAll = async (): Promise<void> => {
    const end = clock.monotonic() + closeWithinMs
    await within(clock, closeWithinMs, Promise.all(flushing))
    await Promise.all([...dirty.keys()].map(ledger => flush(ledger, end - clock.monotonic())))
  }

  const nextDue = (): [ledger: Ledger, at: number] | undefined => {
    let first: [Ledger, number] | undefined
    for (const entry of dirty) if (!first || entry[1] < first[1]) first = entry
    return first
  }

  const forgetIdle = (): void => {
    for (const [uid, ledger] of ledgers) {
      if (ledgers.size <= mostIdle) return
      if (ledger.idle) ledgers.delete(uid)
    }
  }

  /** The newest stay. */
  const forgetRows = (): void => {
    let rows = 0
    for (const [uid, ledger] of [...ledgers].toReversed()) {
      rows += ledger.rows
      if (rows > mostIdleRows && ledger.idle) ledgers.delete(uid)
    }
  }

  const open = (owner: RecordOwner): Ledger =>
    openLedger(environment, owner, `${instance}.${++opened}`, dirtied, limits, bytes => charge(owner.uid, bytes))

  return {
    of: owner => {
      const { uid } = owner
      const ledger = ledgers.get(uid) ?? open(owner)
      ledgers.delete(uid)
      ledgers.set(uid, ledger)
      if (ledgers.size > mostIdle) forgetIdle()
      return ledger
    },
    newer: () => {
      for (const { newer } of ledgers.values()) if (newer !== undefined) return newer
      return undefined
    },
    run: async stop => {
      let countedAt = clock.monotonic()
      while (!stop.aborted) {
        if (clock.monotonic() - countedAt >= countRowsEveryMs) {
          forgetRows()
          countedAt = clock.monotonic()
        }
        const due = nextDue()
        const inMs = due ? due[1] - clock.monotonic() : Infinity
        if (due && inMs <= 0) {
          begin(due[0])
          await wait(clock, pauseAfter(tookMs, processSpacingMs), stop)
        } else {
          const woken = new AbortController()
          wake = () => woken.abort()
          const sleepMs = Math.min(inMs, 60_000)
          sleepsUntil = clock.monotonic() + sleepMs
          await wait(clock, sleepMs, AbortSignal.any([stop, woken.signal]))
        }
      }
      await flushAll()
    },
  }
}

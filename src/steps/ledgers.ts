import type { Environment } from '../environment/environment.ts'
import { wait, within } from '../environment/wait.ts'
import { pauseAfter } from '../kube/make-way.ts'
import { openLedger, type Ledger } from './ledger.ts'
import type { RecordOwner } from './record.ts'

/** Least times between two writes that nobody waits for, in milliseconds: of one record, and of one process. */
const recordSpacingMs = 1000
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
  /** Writes what waits, at the rates above, until `stop` is aborted; then all that is left. */
  run(stop: AbortSignal): Promise<void>
}

export const openLedgers = (environment: Pick<Environment, 'api' | 'clock' | 'log' | 'random'>): Ledgers => {
  const { clock, log, random } = environment
  const instance = Buffer.from(random.bytes(8)).toString('base64url')
  /** Each ledger signs with a number of its own: the writes of one that was forgotten are not those of the next. */
  let opened = 0
  /** In the order of their last use. */
  const ledgers = new Map<string, Ledger>()
  /** Each with when it may be written next, in monotonic milliseconds. */
  const dirty = new Map<Ledger, number>()
  const flushedAt = new WeakMap<Ledger, number>()
  const flushing = new Set<Promise<void>>()
  /** How long the last such write took, in milliseconds. */
  let tookMs = 0
  let wake = (): void => {}
  /** Until when the loop sleeps, unless it is woken, in monotonic milliseconds. */
  let sleepsUntil = -Infinity

  const dirtied = (ledger: Ledger): void => {
    // Where deliveries are claimed all the time, what is left of each travels with the claim of the next.
    const last = Math.max(flushedAt.get(ledger) ?? -Infinity, ledger.storedAt)
    const due = Math.max(clock.monotonic() + processSpacingMs, last + recordSpacingMs)
    dirty.set(ledger, due)
    if (due < sleepsUntil) wake()
  }

  const flush = async (ledger: Ledger, withinMs: number): Promise<void> => {
    dirty.delete(ledger)
    flushedAt.set(ledger, clock.monotonic())
    const began = clock.monotonic()
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
    const flushed = flush(ledger, flushWithinMs).finally(() => flushing.delete(flushed))
    flushing.add(flushed)
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
    for (const [key, ledger] of ledgers) {
      if (ledgers.size <= mostIdle) return
      if (ledger.idle) ledgers.delete(key)
    }
  }

  /** The newest stay. */
  const forgetRows = (): void => {
    let rows = 0
    for (const [key, ledger] of [...ledgers].toReversed()) {
      rows += ledger.rows
      if (rows > mostIdleRows && ledger.idle) ledgers.delete(key)
    }
  }

  return {
    of: owner => {
      const key = `${owner.namespace}/${owner.name}/${owner.uid}`
      const ledger = ledgers.get(key) ?? openLedger(environment, owner, `${instance}.${++opened}`, dirtied)
      ledgers.delete(key)
      ledgers.set(key, ledger)
      if (ledgers.size > mostIdle) forgetIdle()
      return ledger
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

import { BoundedMap } from '../environment/bounded-map.ts'
import type { Clock, Environment } from '../environment/environment.ts'
import { wait, within } from '../environment/wait.ts'
import { pauseAfter } from '../environment/backoff.ts'
import { openLedger, type Ledger } from './ledger.ts'
import type { RecordLimits, RecordOwner } from './memory.ts'
import { recordRequestMs } from './store.ts'

/**
 * The shortest times between two writes that nobody waits for, in milliseconds: `recordSpacingMs`
 * for one record, `processSpacingMs` for one process. The time for a record doubles up to
 * `maxSpacingMs` while the record is written repeatedly. Each write is a request, and can conflict
 * with the writes of other replicas.
 */
const recordSpacingMs = 1000
const maxSpacingMs = 5000
const processSpacingMs = 50

/**
 * A flush that comes so soon after the one before doubles the spacing of its record. The spacing begins
 * again after a quiet time without a flush. In milliseconds.
 */
const busyMs = 10_000
const quietMs = 30_000

/** How long a write for which nobody waits is tried, in milliseconds. */
const flushWithinMs = 10_000

/** How long all such writes together are tried when the process ends, in milliseconds. */
const closeWithinMs = 2000

/** How many idle records, and how many of their rows, stay in memory. They take some 14 MB. */
const maxIdle = 1000
const maxIdleRows = 100_000

/** How often the rows in memory are counted, in milliseconds. */
const countRowsEveryMs = 10_000

/** For how many namespaces it is remembered when they had their last turn. */
const maxNamespaces = 10_000

/** The longest sleep of the loop that writes records, in milliseconds. */
const maxSleepMs = 60_000

/** When a record was last flushed, in monotonic milliseconds, and the shortest time until the next. */
interface Flushed {
  readonly at: number
  readonly spacingMs: number
}

/** A ledger with the time of its next write, in monotonic milliseconds. */
type Due = readonly [ledger: Ledger, at: number]

const never: Flushed = { at: -Infinity, spacingMs: recordSpacingMs }

type ChargeFor = (owner: RecordOwner, bytes: number) => void

/** The records of all hooks, as one process reads and writes them. */
export class Ledgers {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #clock: Clock
  readonly #limits: RecordLimits | undefined
  readonly #charge: ChargeFor
  readonly #instance: string
  /**
   * The number of ledgers opened so far. Each signs with its own number, so that the writes of a
   * dropped ledger are not mistaken for those of a later ledger.
   */
  #opened = 0
  /** The open ledgers by the namespaces, names and uids of their hooks, in the order of their last use. */
  readonly #ledgers = new Map<string, Ledger>()
  /** Beyond how many ledgers the idle ones are looked for. It grows while many are not idle, for some seconds. */
  #forgetsBeyond = maxIdle
  /** The ledgers with waiting updates, each with the time of its next write in monotonic milliseconds. */
  readonly #dirty = new Map<Ledger, number>()
  readonly #flushed = new WeakMap<Ledger, Flushed>()
  /** The number of the last turn of each namespace, and of the last turn of all. */
  readonly #turns = new BoundedMap<string, number>(maxNamespaces)
  #lastTurn = 0
  readonly #flushing = new Set<Promise<void>>()
  /** How long the last flush took, in milliseconds. */
  #tookMs = 0
  /** When the rows were last counted, in monotonic milliseconds. */
  #countedAt: number
  #wake = (): void => {}
  /** Until when the loop sleeps unless it is woken, in monotonic milliseconds. */
  #sleepsUntil = -Infinity

  constructor(
    environment: Pick<Environment, 'api' | 'clock' | 'log' | 'random'>,
    limits?: RecordLimits,
    charge: ChargeFor = () => {},
  ) {
    this.#environment = environment
    this.#clock = environment.clock
    this.#limits = limits
    this.#charge = charge
    this.#instance = Buffer.from(environment.random.bytes(8)).toString('base64url')
    this.#countedAt = this.#clock.monotonic()
  }

  of(owner: RecordOwner): Ledger {
    // Anybody who may write the metadata of a record in their namespace can give it the uid of another hook.
    const key = `${owner.namespace}/${owner.name}/${owner.uid}`
    const ledger = this.#ledgers.get(key) ?? this.#open(owner)
    this.#ledgers.delete(key)
    this.#ledgers.set(key, ledger)
    if (this.#ledgers.size > this.#forgetsBeyond) this.#forgetIdle()
    return ledger
  }

  /** Returns an error message if a newer program wrote one of the open records. Undefined otherwise. */
  newer(): string | undefined {
    for (const { newer } of this.#ledgers.values()) if (newer !== undefined) return newer
    return undefined
  }

  /** Writes waiting updates, with the pauses above, until `stop` is aborted. Then writes the rest. */
  async run(stop: AbortSignal): Promise<void> {
    this.#countedAt = this.#clock.monotonic()
    while (!stop.aborted) await this.#turn(stop)
    await this.#flushAll()
  }

  /** Begins to write the record that is due, or sleeps until one is. */
  #turn(stop: AbortSignal): Promise<void> {
    if (this.#clock.monotonic() - this.#countedAt >= countRowsEveryMs) {
      this.#forgetRows()
      this.#forgetsBeyond = maxIdle
      this.#countedAt = this.#clock.monotonic()
    }
    const due = this.#nextDue()
    const inMs = due ? due[1] - this.#clock.monotonic() : Infinity
    if (due && inMs <= 0) {
      this.#begin(due[0])
      return wait(this.#clock, pauseAfter(this.#tookMs, processSpacingMs), stop)
    }
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    const sleepMs = Math.min(inMs, maxSleepMs)
    this.#sleepsUntil = this.#clock.monotonic() + sleepMs
    return wait(this.#clock, sleepMs, AbortSignal.any([stop, woken.signal]))
  }

  #open(owner: RecordOwner): Ledger {
    return openLedger(
      this.#environment,
      owner,
      `${this.#instance}.${++this.#opened}`,
      this.#dirtied,
      this.#limits,
      bytes => this.#charge(owner, bytes),
    )
  }

  readonly #dirtied = (ledger: Ledger): void => {
    // While deliveries are claimed continuously, their reports are stored with the claims of later
    // deliveries.
    const { at, spacingMs } = this.#flushed.get(ledger) ?? never
    const due = Math.max(this.#clock.monotonic() + processSpacingMs, Math.max(at, ledger.storedAt) + spacingMs)
    this.#dirty.set(ledger, due)
    if (due < this.#sleepsUntil) this.#wake()
  }

  #begin(ledger: Ledger): void {
    this.#turns.set(ledger.owner.namespace, ++this.#lastTurn)
    const writing = this.#flush(ledger, flushWithinMs).finally(() => this.#flushing.delete(writing))
    this.#flushing.add(writing)
  }

  async #flush(ledger: Ledger, withinMs: number): Promise<void> {
    this.#dirty.delete(ledger)
    const began = this.#clock.monotonic()
    const { at, spacingMs } = this.#flushed.get(ledger) ?? never
    const keptMs = began - at < quietMs ? spacingMs : recordSpacingMs
    const nextMs = began - at < busyMs ? Math.min(2 * spacingMs, maxSpacingMs) : keptMs
    this.#flushed.set(ledger, { at: began, spacingMs: nextMs })
    const end = began + withinMs
    try {
      await ledger.flush(() => this.#clock.monotonic() < end)
    } catch (error) {
      const { name, namespace } = ledger.owner
      const what = 'writing a record failed unexpectedly'
      this.#environment.log.error({ namespace, record: name, error }, what)
    }
    this.#tookMs = this.#clock.monotonic() - began
    if (ledger.dirty) this.#dirtied(ledger)
  }

  /**
   * Writes all waiting updates. Waits for the writes in progress first, because updates can remain
   * after them.
   */
  async #flushAll(): Promise<void> {
    const end = this.#clock.monotonic() + closeWithinMs
    await within(this.#clock, closeWithinMs, Promise.all(this.#flushing))
    const leftMs = Math.max(0, end - this.#clock.monotonic())
    const rest = Promise.all([...this.#dirty.keys()].map(ledger => this.#flush(ledger, leftMs)))
    // What is sent by then is waited for. A look at leases may be writing one of them, and tries for longer.
    await within(this.#clock, leftMs + recordRequestMs, rest)
  }

  /** Returns the ledger to write next: of those that are due, one of the namespace that has waited longest for its turn. */
  #nextDue(): Due | undefined {
    const now = this.#clock.monotonic()
    let first: Due | undefined
    let firstTurn = Infinity
    for (const entry of this.#dirty) {
      const [{ dirty, owner }, at] = entry
      const turn = at > now ? Infinity : (this.#turns.get(owner.namespace) ?? -Infinity)
      // A write that somebody waited for has stored it all. It takes no turn, and shows nothing of how long a write takes.
      if (!dirty) this.#dirty.delete(entry[0])
      else if (!first || turn < firstTurn || (turn === firstTurn && at < first[1])) {
        first = entry
        firstTurn = turn
      }
    }
    return first
  }

  #forgetIdle(): void {
    for (const [key, ledger] of this.#ledgers) {
      if (this.#ledgers.size <= maxIdle) break
      if (ledger.idle) this.#ledgers.delete(key)
    }
    this.#forgetsBeyond = Math.max(maxIdle, Math.floor(this.#ledgers.size * 1.1))
  }

  /** Drops the oldest idle ledgers while all together keep too many rows. */
  #forgetRows(): void {
    let rows = 0
    for (const [key, ledger] of [...this.#ledgers].toReversed()) {
      rows += ledger.rows
      if (rows > maxIdleRows && ledger.idle) this.#ledgers.delete(key)
    }
  }
}

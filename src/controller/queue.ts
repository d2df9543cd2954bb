import type { Clock, Environment, Log } from '../environment/environment.ts'
import { ApiError, isHopeless } from '../kube/errors.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { LeaseNotHeld } from './fence.ts'
import { later, type Later } from './later.ts'
import { queueMetrics, type Result } from './metrics.ts'
import { WaitingKeys } from './waiting-keys.ts'

/** After an error. It begins as controller-runtime's does, and ends far sooner: nothing else would wake what waits. */
const afterError: Backoff = { firstMs: 5, maxMs: 30_000 }

/** What one look at a key came to. */
export interface ReconcileResult {
  /** Whether the attempts start to count from nothing again. */
  readonly settled: boolean
  /** When to look again although nothing has changed, in milliseconds; absent when only a change is worth a look. */
  readonly againAfterMs?: number
}

/**
 * The version that was read was stale. The key is tried again as after an error, but nothing is
 * logged.
 */
export const outOfDate = 'out of date'

/**
 * Something has to be known first. The part that learns it adds the key again. Attempts keep their
 * count.
 */
export const parked = 'parked'

/** Does what is to be done about a key. `attempts` is how many looks in a row have settled nothing. */
export type ReconcileKey = (
  key: string,
  attempts: number,
) => Promise<ReconcileResult | typeof outOfDate | typeof parked>

/**
 * How long looks may begin one after another before timers and sockets have their turn, in milliseconds. The lease is
 * renewed on the same thread.
 */
const turnMs = 10

/** How long until what could not be written for want of the lease is tried again: as long as between two renewals. */
const leaseAgainMs = 2000

/**
 * How long until a write is tried again that the API server refuses for what it says, in milliseconds. A change of the object is a
 * look in any case. This is for a rule that was changed: an hour costs nobody anything.
 */
const hopelessAgainMs = 3_600_000

/**
 * A work queue as controller-runtime has it: keys, not events, so that a hundred changes of one object are one look;
 * `workers` of them at a time, of one namespace never all; a key whose work throws is tried again after a wait of its own.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #log: Log
  readonly #controller: string
  readonly #work: ReconcileKey
  readonly #metrics: ReturnType<typeof queueMetrics>
  readonly #waiting: WaitingKeys
  readonly #again: Later
  readonly #turn: ReturnType<typeof turnOf>
  /** Each with whether it was added again meanwhile. */
  readonly #working = new Map<string, { again: boolean }>()
  readonly #attempts = new Map<string, number>()
  /** Errors in a row, apart from the attempts: a long wait for something must not make the first error weigh much. */
  readonly #errors = new Map<string, number>()
  #state: 'new' | 'running' | 'stopped' = 'new'
  #ended = (): void => {}

  constructor(
    { clock, log, metrics }: Pick<Environment, 'clock' | 'log' | 'metrics'>,
    { controller, workers }: { readonly controller: string; readonly workers: number },
    work: ReconcileKey,
  ) {
    this.#clock = clock
    this.#log = log
    this.#controller = controller
    this.#work = work
    this.#metrics = queueMetrics(metrics, controller)
    this.#waiting = new WaitingKeys(workers)
    this.#again = later(clock, key => this.add(key))
    this.#turn = turnOf(clock, () => this.#pump())
  }

  /** Asks for a look at a key, soon. A key that is being worked on is looked at once more after that. */
  add(key: string): void {
    if (this.#state === 'stopped') return
    const inProgress = this.#working.get(key)
    if (inProgress) inProgress.again = true
    else if (this.#waiting.add(key, this.#clock.monotonic())) this.#metrics.added()
    this.#pump()
  }

  /** Works until `stop` is aborted; then drops what waits, and resolves when what is in progress has ended. Call it once. */
  run(stop: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      this.#ended = resolve
      if (stop.aborted) return this.#end()
      stop.addEventListener('abort', () => this.#end(), { once: true })
      this.#state = 'running'
      this.#pump()
    })
  }

  #end(): void {
    this.#state = 'stopped'
    this.#again.clear()
    this.#waiting.clear()
    this.#metrics.sizes(0, this.#working.size)
    if (this.#working.size === 0) this.#ended()
  }

  #pump(): void {
    while (!this.#turn.isOver()) {
      const next = this.#state === 'running' ? this.#waiting.take() : undefined
      if (!next) break
      const began = this.#clock.monotonic()
      this.#metrics.waited(began - next.since)
      void this.#workOn(next.key)
      this.#turn.took(this.#clock.monotonic() - began)
    }
    this.#metrics.sizes(this.#waiting.size, this.#working.size)
  }

  async #workOn(key: string): Promise<void> {
    const inProgress = { again: false }
    this.#working.set(key, inProgress)
    this.#again.delete(key)
    const worked = await this.#attempt(key)
    this.#working.delete(key)
    this.#waiting.done(key)
    if (this.#state === 'stopped') {
      if (this.#working.size === 0) this.#ended()
      return
    }
    if (inProgress.again) this.add(key)
    else if (worked.againAfterMs !== undefined) this.#again.set(key, worked.againAfterMs)
    this.#pump()
  }

  async #attempt(key: string): Promise<Pick<ReconcileResult, 'againAfterMs'>> {
    const start = this.#clock.monotonic()
    const measure = (result: Result): void => this.#metrics.worked(result, this.#clock.monotonic() - start)
    const before = this.#attempts.get(key) ?? 0
    try {
      const worked = await this.#work(key, before)
      if (worked === parked) {
        measure('success')
        return {}
      }
      if (worked === outOfDate) {
        measure('requeue_after')
        return { againAfterMs: this.#failedOnceMore(key) }
      }
      measure(worked.againAfterMs === undefined ? 'success' : 'requeue_after')
      this.#errors.delete(key)
      if (worked.settled) this.#attempts.delete(key)
      else this.#attempts.set(key, before + 1)
      return worked
    } catch (error) {
      if (error instanceof LeaseNotHeld) {
        measure('requeue_after')
        return { againAfterMs: leaseAgainMs }
      }
      measure('error')
      return { againAfterMs: this.#failed(key, error, this.#clock.monotonic() - start) }
    }
  }

  /** Says in the log that the work has failed. Returns how long to wait before the next attempt. */
  #failed(key: string, error: unknown, tookMs: number): number {
    const hopeless = isHopeless(error)
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
    // What takes long to fail, as a write that times out does, has a worker for half of the time at most.
    const againAfterMs = hopeless ? hopelessAgainMs : Math.max(this.#failedOnceMore(key), asked, tookMs)
    const fields = { controller: this.#controller, object: key, againAfterMs, error }
    if (this.#state === 'running' && hopeless) this.#log.error(fields, 'cannot be written until it changes')
    else if (this.#state === 'running') this.#log.warn(fields, 'trying again')
    return againAfterMs
  }

  /** Counts an error, and returns how long to wait after it. */
  #failedOnceMore(key: string): number {
    const before = this.#errors.get(key) ?? 0
    this.#errors.set(key, before + 1)
    return waitAfter(afterError, before)
  }
}

/** Adds up for how long this thread was kept, and calls `next` after a pause when that was long. */
const turnOf = (clock: Clock, next: () => void) => {
  let spentMs = 0
  let pausing = false
  const pause = (): void => {
    pausing = true
    clock.after(0, () => {
      pausing = false
      spentMs = 0
      next()
    })
  }
  return {
    isOver: (): boolean => pausing,
    took: (ms: number): void => {
      spentMs += ms
      if (spentMs >= turnMs && !pausing) pause()
    },
  }
}

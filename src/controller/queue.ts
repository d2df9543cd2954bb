import type { ReceiverHook } from '../api/hook.ts'
import type { Clock, Environment, Log } from '../environment/environment.ts'
import { ApiError, isHopeless, isDenied, isStatus } from '../kube/errors.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { LeaseNotHeld } from './fence.ts'
import { keysByTime, type Later } from './later.ts'
import { queueMetrics, type Result } from './metrics.ts'
import { StuckKeys } from './stuck-keys.ts'
import { WaitingKeys } from './waiting-keys.ts'

/** A hook's status is not written now, because something else has replaced it again. */
export class ServedTwice extends Error {
  override readonly name = 'ServedTwice'
  readonly againAfterMs: number

  constructor({ metadata: { namespace }, status }: ReceiverHook, againAfterMs: number) {
    const url = status?.endpoint === undefined ? 'no URL' : `the URL ${status.endpoint}`
    super(
      `something else writes this status too, and now it has ${url}: only one installation may serve the namespace ${namespace}`,
    )
    this.againAfterMs = againAfterMs
  }
}

/**
 * Resolves with the result of `work`, or with `outOfDate` if the hook, or its Secret, has another version than
 * the cached one or was deleted.
 */
export const orOutOfDate = async <T>(work: Promise<T>): Promise<T | typeof outOfDate> => {
  try {
    return await work
  } catch (error) {
    if (!isStatus(error, 409, 404) || isDenied(error)) throw error
    return outOfDate
  }
}

/**
 * The wait before a key that has failed is tried again. It begins like controller-runtime's, but
 * has a lower maximum, because no other event may bring the key back.
 */
const afterError: Backoff = { firstMs: 5, maxMs: 30_000 }

export interface ReconcileResult {
  /** True if the key's count of attempts begins again at 0. */
  readonly isFinal: boolean
  /** When to reconcile again without a change, in milliseconds. Absent: only after a change. */
  readonly againAfterMs?: number
}

/**
 * The result of a reconcile that was based on an outdated version. The key is tried again as after
 * an error, but nothing is logged.
 */
export const outOfDate = 'out of date'

/**
 * Reconciles a key. `attempts` is how many reconciles of the key in a row have ended with `isFinal:
 * false`.
 */
export type ReconcileKey = (key: string, attempts: number) => Promise<ReconcileResult | typeof outOfDate>

export interface QueueOptions {
  /** The name of the queue in metrics and in the log. */
  readonly controller: string
  readonly workers: number
  /** Is called with a key that has failed for minutes, or cannot succeed until something changes, and then hourly. */
  readonly stuck?: (key: string, error: unknown) => void
}

/**
 * For how long reconciles may start one after another, in milliseconds. Then timers and sockets get
 * their turn, because the lease is renewed on the same thread.
 */
const turnMs = 10

/**
 * How long until a write that was not sent for lack of the lease is tried again, in milliseconds. A
 * lease is renewed in the same interval.
 */
const leaseAgainMs = 2000

/**
 * How long until a rejected write is tried again, in milliseconds. A change of the object triggers
 * a reconcile anyway. This wait is for a change of the rule that rejected the write.
 */
const hopelessAgainMs = 3_600_000

/**
 * A work queue like controller-runtime's. It holds keys, not events, so a hundred changes of one
 * object are one reconcile. At most `workers` reconciles run at the same time, and those of one
 * namespace are never all of them. A key that throws is tried again after its own wait.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #log: Log
  readonly #controller: string
  readonly #work: ReconcileKey
  readonly #metrics: ReturnType<typeof queueMetrics>
  readonly #stuck: StuckKeys
  readonly #reportStuck: QueueOptions['stuck']
  readonly #waiting: WaitingKeys
  readonly #again: Later
  readonly #turn: ReturnType<typeof turnOf>
  /** The keys that are being reconciled, and whether each was added again meanwhile. */
  readonly #working = new Map<string, { again: boolean }>()
  readonly #attempts = new Map<string, number>()
  /**
   * How many errors each key has had in a row. They are counted apart from attempts, so that the
   * first error of a key with many attempts has a short delay.
   */
  readonly #errors = new Map<string, number>()
  #state: 'new' | 'running' | 'stopped' = 'new'
  #ended = (): void => {}

  constructor(
    { clock, log, metrics }: Pick<Environment, 'clock' | 'log' | 'metrics'>,
    { controller, stuck, workers }: QueueOptions,
    work: ReconcileKey,
  ) {
    this.#clock = clock
    this.#log = log
    this.#controller = controller
    this.#work = work
    this.#metrics = queueMetrics(metrics, controller)
    this.#stuck = new StuckKeys(clock, this.#metrics.stuck)
    this.#reportStuck = stuck
    this.#waiting = new WaitingKeys(workers)
    this.#again = keysByTime(clock, key => this.add(key))
    this.#turn = turnOf(clock, () => this.#pump())
  }

  /** Queues a key. If it is being reconciled, it runs once more afterwards. */
  add(key: string): void {
    if (this.#state === 'stopped') return
    const inProgress = this.#working.get(key)
    if (inProgress) inProgress.again = true
    else if (this.#waiting.add(key, this.#clock.monotonic())) this.#metrics.added()
    this.#pump()
  }

  /**
   * Works until `stop` is aborted. Then drops waiting keys, and resolves when running reconciles
   * have ended. Call it once.
   */
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
    this.#stuck.clear()
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
      this.#metrics.sizes(0, this.#working.size)
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
      if (worked === outOfDate) {
        measure('requeue_after')
        return { againAfterMs: this.#failedOnceMore(key) }
      }
      measure(worked.againAfterMs === undefined ? 'success' : 'requeue_after')
      this.#errors.delete(key)
      this.#stuck.succeeded(key)
      if (worked.isFinal) this.#attempts.delete(key)
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

  /** Logs an error. Returns the wait before the next attempt, in milliseconds. */
  #failed(key: string, error: unknown, tookMs: number): number {
    const hopeless = isHopeless(error)
    const isServedTwice = error instanceof ServedTwice
    if (this.#state === 'running' && this.#stuck.failed(key, hopeless || isServedTwice)) this.#reportStuck?.(key, error)
    const asked = isServedTwice ? error.againAfterMs : error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
    // A slow failure, such as a timeout, occupies a worker for at most half of the time.
    const againAfterMs = hopeless ? hopelessAgainMs : Math.max(this.#failedOnceMore(key), asked, tookMs)
    const fields = { controller: this.#controller, object: key, againAfterMs, error }
    if (this.#state === 'running' && hopeless) this.#log.error(fields, "can't be written until it changes")
    else if (this.#state === 'running') this.#log.warn(fields, 'trying again')
    return againAfterMs
  }

  /** Counts an error. Returns the wait after it, in milliseconds. */
  #failedOnceMore(key: string): number {
    const before = this.#errors.get(key) ?? 0
    this.#errors.set(key, before + 1)
    return waitAfter(afterError, before)
  }
}

/**
 * Adds up how long this thread was busy. After more than {@link turnMs} it makes a pause, and then
 * calls `next`.
 */
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

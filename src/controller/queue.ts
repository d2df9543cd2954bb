import type { Clock, Environment } from '../environment/environment.ts'
import { ApiError, isHopeless } from '../kube/errors.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { LeaseNotHeld } from './fence.ts'
import { later } from './later.ts'
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

/** Keys to look at, each by one worker at a time. */
export interface WorkQueue {
  /** Asks for a look at a key, soon. A key that is being worked on is looked at once more after that. */
  add(key: string): void
  /** Works until `stop` is aborted; then drops what waits, and resolves when what is in progress has ended. */
  run(stop: AbortSignal): Promise<void>
}

/**
 * A work queue as controller-runtime has it: keys, not events, so that a hundred changes of one object are one look;
 * `workers` of them at a time, of one namespace never all; a key whose work throws is tried again after a wait of its own.
 */
export const workQueue = (
  environment: Environment,
  options: { readonly controller: string; readonly workers: number },
  work: ReconcileKey,
): WorkQueue => {
  const { clock, log } = environment
  const { controller, workers } = options
  const metrics = queueMetrics(environment.metrics, controller)
  const waiting = new WaitingKeys(workers)
  /** Each with whether it was added again meanwhile. */
  const working = new Map<string, { again: boolean }>()
  const attempts = new Map<string, number>()
  /** Errors in a row, apart from the attempts: a long wait for something must not make the first error weigh much. */
  const errors = new Map<string, number>()
  let state: 'new' | 'running' | 'stopped' = 'new'
  let ended = (): void => {}

  const add = (key: string): void => {
    if (state === 'stopped') return
    const inProgress = working.get(key)
    if (inProgress) inProgress.again = true
    else if (waiting.add(key, clock.monotonic())) metrics.added()
    pump()
  }

  const again = later(clock, add)

  const pump = (): void => {
    while (!turn.isOver()) {
      const next = state === 'running' ? waiting.take() : undefined
      if (!next) break
      const began = clock.monotonic()
      metrics.waited(began - next.since)
      void workOn(next.key)
      turn.took(clock.monotonic() - began)
    }
    metrics.sizes(waiting.size, working.size)
  }
  const turn = turnOf(clock, pump)

  const workOn = async (key: string): Promise<void> => {
    const inProgress = { again: false }
    working.set(key, inProgress)
    again.delete(key)
    const worked = await attempt(key)
    working.delete(key)
    waiting.done(key)
    if (state === 'stopped') {
      if (working.size === 0) ended()
      return
    }
    if (inProgress.again) add(key)
    else if (worked.againAfterMs !== undefined) again.set(key, worked.againAfterMs)
    pump()
  }

  const attempt = async (key: string): Promise<Pick<ReconcileResult, 'againAfterMs'>> => {
    const start = clock.monotonic()
    const measure = (result: Result): void => metrics.worked(result, clock.monotonic() - start)
    const before = attempts.get(key) ?? 0
    try {
      const worked = await work(key, before)
      if (worked === parked) {
        measure('success')
        return {}
      }
      if (worked === outOfDate) {
        measure('requeue_after')
        return { againAfterMs: failedOnceMore(key) }
      }
      measure(worked.againAfterMs === undefined ? 'success' : 'requeue_after')
      errors.delete(key)
      if (worked.settled) attempts.delete(key)
      else attempts.set(key, before + 1)
      return worked
    } catch (error) {
      if (error instanceof LeaseNotHeld) {
        measure('requeue_after')
        return { againAfterMs: leaseAgainMs }
      }
      measure('error')
      const hopeless = isHopeless(error)
      const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
      // What takes long to fail, as a write that times out does, has a worker for half of the time at most.
      const tookMs = clock.monotonic() - start
      const againAfterMs = hopeless ? hopelessAgainMs : Math.max(failedOnceMore(key), asked, tookMs)
      const fields = { controller, object: key, againAfterMs, error }
      if (state === 'running' && hopeless) log.error(fields, 'cannot be written until it changes')
      else if (state === 'running') log.warn(fields, 'trying again')
      return { againAfterMs }
    }
  }

  /** Counts an error, and answers how long to wait after it. */
  const failedOnceMore = (key: string): number => {
    const before = errors.get(key) ?? 0
    errors.set(key, before + 1)
    return waitAfter(afterError, before)
  }

  const run = (stop: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      ended = resolve
      const end = (): void => {
        state = 'stopped'
        again.clear()
        waiting.clear()
        metrics.sizes(0, working.size)
        if (working.size === 0) resolve()
      }
      if (stop.aborted) return end()
      stop.addEventListener('abort', end, { once: true })
      state = 'running'
      pump()
    })

  return { add, run }
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

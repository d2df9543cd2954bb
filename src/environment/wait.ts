import type { Clock } from './environment.ts'

/** Resolves after `ms` milliseconds, or at once when `stop` is aborted. Never rejects. */
export const wait = (clock: Clock, ms: number, stop?: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (stop?.aborted) return resolve()
    const done = (): void => {
      cancel()
      stop?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    stop?.addEventListener('abort', done)
  })

/** Resolves when `condition` returns true, when `stop` is aborted, or after `atMostMs`. Looks each `everyMs` milliseconds. */
export const waitUntil = async (
  clock: Clock,
  condition: () => boolean,
  everyMs: number,
  stop: AbortSignal,
  atMostMs = Infinity,
): Promise<void> => {
  const end = clock.monotonic() + atMostMs
  while (!condition() && !stop.aborted && clock.monotonic() < end) await wait(clock, everyMs, stop)
}

/** Settles as `made` does, or resolves with undefined after `ms` milliseconds. A later result is ignored. */
export const within = async <T>(clock: Clock, ms: number, made: Promise<T>): Promise<T | undefined> => {
  const over = new AbortController()
  const first = await Promise.race([made, wait(clock, Math.max(0, ms), over.signal)]).finally(() => over.abort())
  return first ?? undefined
}

/**
 * Settles as `promise` does, but rejects at once when `signal` is aborted. Use it for work that
 * takes no signal.
 */
export const unlessAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason)
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted)
    // After an abort, this still handles a rejection: an unhandled one would end the process.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })

/**
 * Runs parts until all have ended. If one fails, the others are stopped. Rejects with its error, once all have
 * ended.
 */
export const together = async (
  stop: AbortSignal,
  parts: readonly ((stop: AbortSignal) => Promise<void>)[],
): Promise<void> => {
  const failed = new AbortController()
  const either = AbortSignal.any([stop, failed.signal])
  const running = parts.map(async part => {
    try {
      await part(either)
    } catch (error) {
      failed.abort()
      throw error
    }
  })
  await Promise.allSettled(running)
  await Promise.all(running)
}

import type { Clock } from '../environment/environment.ts'

/**
 * How long the header Authorization is cached if a plugin or an identity provider makes it, in
 * milliseconds.
 */
export const askAgainMs = 1_000

/**
 * The longest time for which a failure is cached, in milliseconds. Without it, a failing plugin
 * would be started for every request.
 */
const failureMs = 1_000

/**
 * Returns a function that calls `read` and caches its result for `ms` milliseconds, or its error
 * for at most `failureMs`. Simultaneous callers share one call.
 */
export const cachedFor = <T>(clock: Clock, ms: number, read: () => Promise<T>): (() => Promise<T>) => {
  let answer: Promise<T> | undefined
  let until = -Infinity
  const keepFor = (lifetime: number): void => void (until = clock.monotonic() + lifetime)
  return () => {
    if (answer !== undefined && clock.monotonic() < until) return answer
    until = Infinity
    answer = read()
    answer.then(
      () => keepFor(ms),
      () => keepFor(Math.min(ms, failureMs)),
    )
    return answer
  }
}

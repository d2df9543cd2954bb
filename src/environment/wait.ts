import type { Clock } from './environment.ts'

/** Resolves `ms` milliseconds from now, or at once when `stop` is aborted; never rejects. */
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

import type { Clock } from '../../src/environment/environment.ts'
import { wait } from '../../src/environment/wait.ts'

/** Work that is wanted more often than it is to be done. */
export interface Paced {
  /** Asks for the work once more, and rejects as earlier work has. */
  soon(): Promise<void>
  /** Resolves when no more work is asked for. Rejects as the work has. */
  done(): Promise<void>
}

/** Does work at once when it is asked for, but again only `everyMs` milliseconds after its end, until `stop` is aborted. */
export const paced = (clock: Clock, everyMs: number, stop: AbortSignal, work: () => Promise<void>): Paced => {
  let isDue = false
  let failed: Promise<never> | undefined
  let running: Promise<void> | undefined
  const run = async (): Promise<void> => {
    while (isDue && !stop.aborted) {
      isDue = false
      await work()
      await wait(clock, everyMs, stop)
    }
    running = undefined
  }
  const begin = (): Promise<void> =>
    run().catch((error: unknown) => {
      failed = Promise.reject(error)
      failed.catch(() => undefined)
    })
  return {
    soon: async () => {
      if (failed) return await failed
      isDue = true
      running ??= begin()
    },
    done: async () => {
      await running
      await failed
    },
  }
}

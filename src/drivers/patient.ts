import type { MayContinue, Progress } from '../acts/acts.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import type { Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { isRefusal, readFailureOf } from '../kube/errors.ts'
import { forbiddenTries } from '../kube/written.ts'

/** The wait before an act sends a request to the API server again. */
export const tryAgain: Backoff = { firstMs: 50, maxMs: 1000 }

/**
 * How long a post without an idempotency key is read for again, in milliseconds. It has to be answered
 * that nothing was changed, while it waits for its answer. A copy of it would act once more.
 */
const unnamedMs = 500

/** How long an act reads again, and who is notified. */
export interface Patience {
  readonly clock: Clock
  /** Whether the post has an idempotency key. */
  readonly isNamed: boolean
  readonly mayContinue: MayContinue
  /** Receives why something could not be read, before it is read again. */
  readonly progress: Progress
}

/**
 * Reads something for an act. After a failure that may pass by itself, this reads again while the act
 * may continue, because the sender may never send the post again. Throws the last failure. `read` must
 * change nothing.
 */
export const readPatiently = async <T>(
  read: () => Promise<T>,
  { clock, isNamed, mayContinue, progress }: Patience,
): Promise<T> => {
  const end = isNamed ? Infinity : clock.monotonic() + unnamedMs
  let forbidden = 0
  for (let tries = 0; ; tries++) {
    try {
      return await read()
    } catch (error) {
      const { failure, message } = readFailureOf(error)
      const mayPass =
        failure === 'forbidden' ? ++forbidden < forbiddenTries : failure === 'unreachable' && !isRefusal(error)
      const waitMs = waitAfter(tryAgain, tries)
      if (!mayPass || clock.monotonic() + waitMs > end) throw error
      // The first requests that change something may be on their way when a post is answered with this.
      progress(`trying again after a failed read: ${message}`)
      await wait(clock, waitMs)
      if (!(await mayContinue())) throw error
    }
  }
}

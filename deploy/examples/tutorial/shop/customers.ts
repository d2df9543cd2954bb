import type { Clock, Outbound } from '../../../../src/environment/environment.ts'
import { wait } from '../../../../src/environment/wait.ts'

/** The time limit of one visit, in milliseconds. */
const visitWithinMs = 2000

/**
 * The largest number of simultaneous visits, so that a shop that does not answer is not flooded.
 */
const maxAtOnce = 50

export interface Customers {
  /** The URL to visit. */
  readonly url: string
  /** How many visits begin each second. */
  readonly perSecond: number
}

/**
 * Visits a page at a steady rate until `stop` is aborted. Each visit uses a new connection, so that
 * a Service spreads them over its pods. Prints when visits begin to fail, and when they succeed
 * again.
 */
export const visit = async (
  { perSecond, url }: Customers,
  {
    clock,
    outbound,
    print,
  }: { readonly clock: Clock; readonly outbound: Outbound; readonly print: (line: string) => void },
  stop: AbortSignal,
): Promise<void> => {
  let inProgress = 0
  let failing = false
  const report = (failed: boolean, why: string): void => {
    if (failed === failing) return
    failing = failed
    print(failed ? `visits fail: ${why}` : 'visits succeed again')
  }
  const once = async (): Promise<void> => {
    inProgress += 1
    try {
      const { status } = await outbound({ method: 'GET', url, timeoutMs: visitWithinMs, maxBytes: 65_536 })
      report(status !== 200, `the answer was ${status}`)
    } catch (error) {
      report(true, error instanceof Error ? error.message : String(error))
    } finally {
      inProgress -= 1
    }
  }
  while (!stop.aborted) {
    if (inProgress < maxAtOnce) void once()
    await wait(clock, 1000 / perSecond, stop)
  }
}

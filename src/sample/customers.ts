import type { Clock, Outbound } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'

/** How long one visit may take, in milliseconds. */
const visitWithinMs = 2000

/** How many visits may be in progress at once: a shop that does not answer is not flooded. */
const maxAtOnce = 50

export interface Customers {
  /** Where they go. */
  readonly url: string
  /** How many visits begin in a second. */
  readonly perSecond: number
}

/**
 * Visits a page at a steady rate until `stop` is aborted, each time over a new connection, so that a Service spreads the
 * visits over its pods. Says on `print` when visits begin to fail, and when they succeed again.
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
      const { status } = await outbound({ method: 'GET', url, timeoutMs: visitWithinMs, mostBytes: 65_536 })
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

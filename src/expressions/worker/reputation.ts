import { BoundedMap } from '../../environment/bounded-map.ts'
import type { Clock } from '../../environment/environment.ts'
import { firstBlockMs, maxBlockMs, maxSlowRuns, maxReputations, probationMs, quickMs } from './limits.ts'

/**
 * How the expressions of hooks behaved. The owner of an expression is its hook. A changed
 * expression begins without a history.
 */
export interface Reputations {
  /** Returns whether an expression may run in the process of those that keep to their limits. */
  proven(owner: string, expression: string): boolean
  /** Returns how long the owner is still blocked, in milliseconds; 0 if it is not. */
  blockedMs(owner: string, expression: string): number
  /** Notes a run. `usedMs` is its processor time, in milliseconds. */
  ran(owner: string, expression: string, usedMs: number): void
  /** Blocks an expression that exceeded a limit, for twice as long each time. */
  ranOver(owner: string, expression: string): void
}

interface Reputation {
  readonly expression: string
  readonly proven: boolean
  /** How many runs in a row were slow. */
  readonly slowRuns: number
  /** How many runs in a row exceeded a limit. */
  readonly strikes: number
  /** When the last of them did, in milliseconds of the monotonic clock. */
  readonly lastStrike: number
}

export const reputationsOf = (clock: Clock): Reputations => {
  const reputations = new BoundedMap<string, Reputation>(maxReputations)

  const of = (owner: string, expression: string): Reputation => {
    const reputation = reputations.get(owner)
    if (reputation?.expression === expression) return reputation
    return { expression, proven: false, slowRuns: 0, strikes: 0, lastStrike: -Infinity }
  }

  return {
    proven: (owner, expression) => of(owner, expression).proven,
    blockedMs: (owner, expression) => {
      const { lastStrike, strikes } = of(owner, expression)
      if (strikes === 0) return 0
      const blockMs = Math.min(firstBlockMs * 2 ** (strikes - 1), maxBlockMs)
      return Math.max(0, lastStrike + blockMs - clock.monotonic())
    },
    ran: (owner, expression, usedMs) => {
      const before = of(owner, expression)
      const { lastStrike } = before
      const onProbation = clock.monotonic() < lastStrike + probationMs
      const slowRuns = usedMs <= quickMs ? 0 : before.slowRuns + 1
      // A busy machine can make one run slow. So a proven expression keeps its place until it was
      // slow `maxSlowRuns` times in a row, although the others wait for it.
      const proven = !onProbation && (slowRuns === 0 || (before.proven && slowRuns < maxSlowRuns))
      reputations.set(owner, { expression, proven, slowRuns, strikes: onProbation ? before.strikes : 0, lastStrike })
    },
    ranOver: (owner, expression) => {
      const { strikes } = of(owner, expression)
      reputations.set(owner, {
        expression,
        proven: false,
        slowRuns: 0,
        strikes: strikes + 1,
        lastStrike: clock.monotonic(),
      })
    },
  }
}

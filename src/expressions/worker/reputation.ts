import { BoundedMap } from '../../environment/bounded-map.ts'
import type { Clock } from '../../environment/environment.ts'
import { firstBlockMs, maxBlockMs, maxSlowRuns, maxReputations, probationMs, quickMs } from './limits.ts'

/** How the expressions of hooks have behaved. An owner with another expression begins again. */
export interface Reputations {
  /** Whether its expression may run where those run that keep to their bounds. */
  proven(owner: string, expression: string): boolean
  /** How long it is still blocked, in milliseconds; 0 if it is not. */
  blockedMs(owner: string, expression: string): number
  /** `usedMs`: how much of a processor it took. */
  ran(owner: string, expression: string, usedMs: number): void
  ranOver(owner: string, expression: string): void
}

interface Reputation {
  readonly expression: string
  readonly proven: boolean
  /** How often in a row it took longer than what is quick. */
  readonly slowRuns: number
  /** How often in a row it ran over. */
  readonly strikes: number
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
      // One slow run can be an accident of the machine; to lose the place for it would be worse than to wait for it.
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

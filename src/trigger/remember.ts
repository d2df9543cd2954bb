import { keyOf } from '../api/record.ts'
import type { Outcome } from '../api/outcome.ts'
import type { ApiConnection, Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { isAbandoned, lookAtClaim, type ClaimedWrite } from '../steps/finish.ts'
import { decided, judge } from '../steps/judge.ts'
import type { Decided } from '../steps/ledger.ts'
import type { Recorded } from '../steps/batch.ts'
import { rowsOf } from '../steps/remember.ts'

type Skipped = Extract<Outcome, { outcome: 'skipped' }>

interface Means {
  readonly api: ApiConnection
  readonly clock: Clock
  /** In monotonic milliseconds. */
  readonly deadline: number
}

/** What is waited between two looks at a copy that another process is still executing, in milliseconds. */
const lookEveryMs = 100

/**
 * Remembers that a named delivery was skipped, so that a copy of it that comes after the gate has opened is not executed.
 * Answers the skip, once it is stored; what became of a copy that was being executed before the gate was closed; that the
 * hook is no more; or that there was no time or no right for it by `deadline`.
 */
export const remember = async (
  skipped: Skipped,
  recorded: Recorded | undefined,
  means: Means,
): Promise<Outcome | 'changed meanwhile'> => {
  const { identity } = recorded?.delivery ?? {}
  if (!recorded || !identity) return skipped
  const inTime = new AbortController()
  const made = await Promise.race([
    store(skipped, recorded, keyOf(identity.key), means),
    wait(means.clock, means.deadline - means.clock.monotonic(), inTime.signal),
  ])
  inTime.abort()
  switch (made?.decided) {
    case 'stored':
      return made.result
    case 'gone':
      return 'changed meanwhile'
    case 'refused':
      return { outcome: 'failed', reason: 'Forbidden', message: `the record of the hook: ${made.message}` }
    case 'given up':
    case undefined:
      return {
        outcome: 'unavailable',
        reason: 'Contended',
        message: 'another copy of this delivery is not finished yet',
      }
  }
}

/** `key` is that of the delivery's row: a hash, which costs more than to look at all rows. */
const store = async (
  skipped: Skipped,
  recorded: Recorded,
  key: string,
  { api, clock, deadline }: Means,
): Promise<Decided<Skipped>> => {
  const goOn = (): boolean => clock.monotonic() < deadline
  /** The mark of a write that has not been made as far as anyone can tell, and may never be. */
  let unmade: string | undefined
  while (goOn()) {
    const made = await recorded.ledger.decide<Skipped | ClaimedWrite>(
      (memory, now) => {
        const own = memory.rows.find(row => row.key === key)
        // However old it seems: it may have been made, and clocks differ.
        const isGivenUp = own?.claim !== undefined && own.claim.mark === unmade && isAbandoned(own, now)
        if (own?.claim && !isGivenUp) {
          const result = { claim: own.claim, claimed: rowsOf(memory, own.claim.mark) }
          return { memory, result, needsNewest: true }
        }
        const judged = judge(memory, { ...recorded, cooldownMs: 0 }, now)
        if (judged.judgement === 'skip' && !judged.remember) return { memory, result: duplicate(judged) }
        const row = { skipped: skipped.reason, ...(own?.claim && { displaced: own.claim.mark }) }
        return { memory: decided(recorded, now, row)(memory), result: skipped }
      },
      { goOn },
    )
    if (made.decided !== 'stored') return made
    if ('outcome' in made.result) return { decided: 'stored', result: made.result }
    const { mark } = made.result.claim
    const seen = await lookAtClaim({ api, clock }, recorded.ledger, made.result)
    const isUnmade = seen.evidence === 'not yet' || (seen.evidence === 'unreachable' && seen.isRefused)
    if (isUnmade && unmade !== mark) unmade = mark
    else if (isUnmade || seen.evidence === 'unreachable') await wait(clock, lookEveryMs)
  }
  return { decided: 'given up' }
}

const duplicate = ({ message, reason }: Pick<Skipped, 'message' | 'reason'>): Skipped => ({
  outcome: 'skipped',
  reason,
  message,
})

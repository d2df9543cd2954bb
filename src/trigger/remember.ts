import { keyOf } from '../api/record.ts'
import type { Outcome } from '../api/outcome.ts'
import type { ApiConnection, Clock } from '../environment/environment.ts'
import { wait, within } from '../environment/wait.ts'
import { fence } from '../steps/fence.ts'
import { isAbandoned, lookAtClaim, type ClaimedWrite } from '../steps/finish.ts'
import { decided, judge } from '../steps/judge.ts'
import type { Decided, Ledger } from '../steps/ledger.ts'
import type { Recorded } from '../steps/batch.ts'
import { dropped, ofVersion, rowsOf } from '../steps/remember.ts'
import { parseTarget } from '../steps/target.ts'

type Skipped = Extract<Outcome, { outcome: 'skipped' }>

interface Means {
  readonly api: ApiConnection
  readonly clock: Clock
  /** In monotonic milliseconds. */
  readonly deadline: number
}

/** The wait between two looks at a copy that another process may still be executing, in milliseconds; it doubles up to the longest. */
const firstLookMs = 50
const longestLookMs = 800

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
  const { clock, deadline } = means
  const stored = store(skipped, recorded, keyOf(identity.key), means)
  const made = await within(clock, deadline - clock.monotonic(), stored)
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
  /** The mark of the claim that was met last. */
  let met: string | undefined
  let lookMs = firstLookMs
  let unfenced = false
  while (goOn()) {
    const made = await recorded.ledger.decide<Skipped | OpenClaim>(
      (memory, now) => {
        const own = memory.rows.find(row => row.key === key)
        // However old it seems: it may have been made, and clocks differ.
        if (own?.claim) {
          const isOver = isAbandoned(own, now)
          const result = { claim: own.claim, claimed: rowsOf(memory, own.claim.mark), isOver }
          return { memory, result, needsNewest: true }
        }
        const judged = judge(memory, { ...recorded, cooldownMs: 0 }, now)
        if (judged.judgement === 'skip' && !judged.remember) return { memory, result: duplicate(judged) }
        return { memory: decided(recorded, now, { skipped: skipped.reason })(memory), result: skipped }
      },
      { goOn },
    )
    if (made.decided !== 'stored') return made
    if ('outcome' in made.result) return { decided: 'stored', result: made.result }
    const { mark } = made.result.claim
    if (mark === met) {
      await wait(clock, lookMs)
      lookMs = Math.min(lookMs * 2, longestLookMs)
    }
    met = mark
    unfenced ||= !(await settleClaim(made.result, recorded.ledger, { api, clock }, unfenced))
  }
  return { decided: 'given up' }
}

/** A claim of which it is not known what became of it. */
interface OpenClaim extends ClaimedWrite {
  /** Whether the process that has claimed it is at work on it no more. */
  readonly isOver: boolean
}

/**
 * Settles what becomes of a claim: once nobody is at work on it any more, its write is made impossible, which other
 * deliveries may be in, unless it is `unfenced`. Answers whether there is any use in trying that again.
 */
const settleClaim = async (
  open: OpenClaim,
  ledger: Ledger,
  { api, clock }: Pick<Means, 'api' | 'clock'>,
  unfenced: boolean,
): Promise<boolean> => {
  const { claim, isOver } = open
  const seen = await lookAtClaim({ api, clock }, ledger, open)
  const target = parseTarget(claim.target, ledger.owner.namespace)
  if (seen.evidence !== 'not yet' || !isOver || !target || unfenced) return true
  const made = await fence(api, target, { uid: claim.uid, resourceVersion: claim.version })
  if (made.fenced === 'yes' && made.isOurs) ledger.later(dropped(ofVersion(claim)))
  return made.fenced !== 'no'
}

const duplicate = ({ message, reason }: Pick<Skipped, 'message' | 'reason'>): Skipped => ({
  outcome: 'skipped',
  reason,
  message,
})

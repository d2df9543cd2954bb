import { keyOf } from '../api/hash.ts'
import { notRun, type Outcome } from '../api/outcome.ts'
import type { Environment } from '../environment/environment.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { wait, within } from '../environment/wait.ts'
import { askedEarly, asksAbout, mayBeAtWork, openAct, reusedOfAct } from '../record/acts.ts'
import { decided, openClaimOf, judge, refusedAt, whyFull, type OpenClaim } from '../record/protocol.ts'
import { isOfOther, type DeliveryContext } from '../record/context.ts'
import { undecidedOutcome, type Decided } from '../record/ruling.ts'
import { reportedAtGate } from './leased.ts'
import { claimSettler } from './settle-claim.ts'

type Skipped = Extract<Outcome, { outcome: 'skipped' }>
type Failed = Extract<Outcome, { outcome: 'failed' }>
type Full = Extract<Outcome, { outcome: 'unavailable' }>

type World = Pick<Environment, 'api' | 'clock' | 'log'>

/** The wait between two looks at a copy that another process may still be executing. */
const lookAgain: Backoff = { firstMs: 50, maxMs: 800 }

/**
 * Stores that a delivery with an idempotency key was skipped, so that a copy is not run after the
 * gate opens. Returns one of these:
 * - the skip, once it is stored;
 * - the outcome of a copy that began before the gate closed;
 * - that the hook no longer exists;
 * - that there was no time or no right to store it by `deadline`.
 */
export const storeSkip = async (skipped: Skipped, context: DeliveryContext, world: World): Promise<Outcome> => {
  const { deadline, delivery } = context
  if (!delivery.identity) return skipped
  const { clock } = world
  const stored = decideSkip(skipped, context, keyOf(delivery.identity.key), world)
  const made = await within(clock, deadline - clock.monotonic(), stored)
  if (!made || made.decided === 'given up') {
    const message = 'another copy of this delivery is not finished yet'
    return { outcome: 'unavailable', reason: 'Contended', message }
  }
  return made.decided === 'stored' ? made.result : undecidedOutcome(made)
}

/**
 * Decides about a skip. `key` is the key of the delivery's row, computed once because the hash
 * costs more than a search of all rows.
 */
const decideSkip = async (
  skipped: Skipped,
  context: DeliveryContext,
  key: string,
  world: World,
): Promise<Decided<Skipped | Failed | Full>> => {
  const { clock } = world
  const ledger = context.ledger()
  const mayContinue = (): boolean => clock.monotonic() < context.deadline
  const settle = claimSettler(context, world)
  let looks = 0
  while (mayContinue()) {
    const made = await ledger.decide<Skipped | Failed | Full | OpenClaim | 'at work'>(
      (draft, now) => {
        const own = draft.get(key)
        // The claim's age does not matter: its write may have been made, and clocks differ.
        if (own?.state === 'claimed') {
          return { result: openClaimOf(draft, own, now), needsNewest: true }
        }
        const act = openAct(draft, key)
        if (act && isOfOther(context, act)) return { result: notRun(reusedOfAct), needsNewest: true }
        if (act && asksAbout(context, act)) return { result: askedEarly, needsNewest: true }
        // An act of this delivery is in progress and cannot be taken back. The post waits for its
        // end and is decided then.
        if (act && mayBeAtWork(act, now)) return { result: 'at work', needsNewest: true }
        const judged = judge(draft, { ...context, cooldownMs: 0, limits: undefined }, now)
        if (judged.judgement === 'skip' && !judged.remember) {
          return { result: notRun(judged), needsNewest: 'mayBeNext' in judged }
        }
        const isFull = whyFull(draft, context, now)
        if (isFull) return { result: { outcome: 'unavailable', reason: 'RecordFull', message: isFull.message } }
        if (skipped.reason === 'PartlyResolved') reportedAtGate(draft, context, now)
        decided(draft, context, now, { state: 'skipped', reason: skipped.reason })
        return { result: skipped }
      },
      { mayContinue },
    )
    if (made.decided !== 'stored') return made
    if (made.result === 'at work') {
      await wait(clock, waitAfter(lookAgain, looks++))
      continue
    }
    if ('outcome' in made.result) {
      const now = clock.now()
      if (made.result.reason === 'RecordFull') ledger.later(draft => refusedAt(draft, now))
      return { decided: 'stored', result: made.result }
    }
    await settle(made.result)
  }
  return { decided: 'given up' }
}

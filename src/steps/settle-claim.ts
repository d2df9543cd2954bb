import type { Environment } from '../environment/environment.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { wait } from '../environment/wait.ts'
import type { DeliveryContext } from '../record/context.ts'
import type { OpenClaim } from '../record/protocol.ts'
import { fenceClaims, lookAtClaim } from './finish.ts'
import { parseTarget } from './target/text.ts'

type World = Pick<Environment, 'api' | 'clock' | 'log'>

/** The wait between two looks at a claim whose process may still be working on it. */
const lookAgain: Backoff = { firstMs: 50, maxMs: 800 }

/**
 * Returns a function that settles a claim. Call it as long as the claim blocks the delivery: it waits before
 * it looks at the same claim once more.
 */
export const claimSettler = (context: DeliveryContext, world: World): ((open: OpenClaim) => Promise<void>) => {
  /** The mark of the last claim that blocked the delivery. */
  let met: string | undefined
  let looks = 0
  let unfenced = false
  return async open => {
    const { mark } = open.claim
    if (mark === met) await wait(world.clock, waitAfter(lookAgain, looks++))
    met = mark
    unfenced ||= !(await settleClaim(open, context, world, unfenced))
  }
}

/**
 * Settles a claim. Once its process no longer works on it, the claim's write is made impossible by
 * a fence, unless it is `unfenced`. The write may include other deliveries. Returns whether another
 * attempt can help.
 */
const settleClaim = async (
  open: OpenClaim,
  context: DeliveryContext,
  world: World,
  unfenced: boolean,
): Promise<boolean> => {
  const { claim, isOver } = open
  const ledger = context.ledger()
  const seen = await lookAtClaim(world, ledger, open)
  const target = parseTarget(claim.target, ledger.owner.namespace)
  if (seen.evidence !== 'not yet' || !isOver || !target || unfenced) return true
  const made = await fenceClaims(
    world,
    ledger,
    target,
    { uid: claim.uid, resourceVersion: claim.version },
    context.charge,
  )
  return made.fenced !== 'no'
}

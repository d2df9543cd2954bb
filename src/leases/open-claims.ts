import type { Claim } from '../api/row.ts'
import type { Environment } from '../environment/environment.ts'
import { actingIn } from '../record/context.ts'
import { MemoryDraft } from '../record/draft.ts'
import type { Memory } from '../record/memory.ts'
import { givenUp, ofWrite, rowsOf } from '../record/protocol.ts'
import { fenceClaims, lookAtClaim } from '../steps/finish.ts'
import { parseTarget } from '../steps/target/text.ts'
import { storeNow, type DueWork, type Ending } from './ending.ts'

type World = Pick<Environment, 'api' | 'clock' | 'log' | 'random'>

/** Finds out whether steps were made whose processes may be dead. Returns whether one is still open. */
export const lookAtClaims = async (
  world: World,
  { claims }: DueWork,
  memory: Memory,
  ending: Ending,
): Promise<boolean> => {
  const draft = new MemoryDraft(memory)
  let isOpen = false
  for (const { claim } of claims) {
    const claimed = rowsOf(draft, claim.mark)
    const { evidence } = await lookAtClaim(actingIn(world, ending), ending.ledger, { claim, claimed })
    const isSettled = evidence === 'not yet' && ending.isDeleted && (await settle(world, claim, ending))
    isOpen ||= !isSettled && (evidence === 'not yet' || evidence === 'unreachable')
  }
  return isOpen
}

/**
 * Makes the write of a deleted hook's claim impossible, which nobody sends any more. A claim that may not be fenced off
 * is given up for a new hook of the name. Returns whether the claim is over.
 */
const settle = async (world: World, claim: Claim, ending: Ending): Promise<boolean> => {
  const { isReplaced, ledger, owner } = ending
  const target = parseTarget(claim.target, owner.namespace)
  if (!target) return false
  const from = { uid: claim.uid, resourceVersion: claim.version }
  const made = await fenceClaims(actingIn(world, ending), ledger, target, from, ending.charge)
  if (made.fenced === 'yes') return made.isOurs
  if (made.fenced === 'unknown' || !isReplaced) return false
  const now = world.clock.now()
  return await storeNow(ledger, world.clock, draft => givenUp(draft, ofWrite(claim.mark), now))
}

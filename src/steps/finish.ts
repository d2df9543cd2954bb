import type { Environment, Log } from '../environment/environment.ts'
import type { Charge } from '../kube/written.ts'
import type { Ledger } from '../record/ledger.ts'
import {
  applied,
  dropped,
  helped,
  ofVersion,
  ofWrite,
  standingOf,
  givenUp,
  type ClaimedWrite,
  type Which,
} from '../record/protocol.ts'
import { isAbandoned } from '../record/due.ts'
import { asLeft } from './as-left.ts'
import { originOf, type Part } from './claims.ts'
import type { Step } from './steps.ts'
import type { ProblemReason, Target, Version } from './target/target.ts'
import { commit, supposedBytes, type Committed, type Interest } from './target/commit.ts'
import { findEvidence, type Evidence } from './target/evidence.ts'
import { fence, type Fenced } from './target/fence.ts'
import { parseTarget } from './target/text.ts'

/** The part of a post that is blocked by a claimed write with an unknown outcome. */
export type HelpPart = Extract<Part, { part: 'help' }>

export type Finished =
  /** The write belonged to the delivery itself, and is stored. */
  | { readonly finished: 'own'; readonly step: Step }
  /** The claim no longer blocks. */
  | { readonly finished: 'other' }
  /**
   * The API server refuses the write now. It could still store the write later, because the target
   * has not changed since.
   */
  | { readonly finished: 'refused'; readonly step: Step }
  /** The outcome cannot be found out now. */
  | { readonly finished: 'unknown'; readonly step: Step }

/**
 * Finishes a claimed write of any process by sending the very same request. The write takes effect
 * once, however often it is sent, so no process needs a lock for it.
 * The record first notes that another process sends the write. Without that note, the owner of the
 * claim takes a conflict as proof that the write was never made.
 */
export const finishClaim = async (
  environment: Pick<Environment, 'api' | 'clock' | 'log'>,
  ledger: Ledger,
  { claim, claimed, own }: Omit<HelpPart, 'part'>,
  interest: Interest,
): Promise<Finished> => {
  const { before, mark, to, uid, version } = claim
  const target = parseTarget(claim.target, ledger.owner.namespace)
  const lookedAt = environment.clock.now()
  const seen = await lookAtClaim(environment, ledger, { claim, claimed })
  interest.looked(seen.evidence)
  if (seen.evidence === 'applied') return isMade(own, claim, seen.newest)
  if (seen.evidence === 'history gone') logUnknown(environment.log, ledger, mark)
  if (seen.evidence === 'never' || seen.evidence === 'history gone' || !target) return { finished: 'other' }
  if (!(await register(ledger, mark, interest.mayContinue))) return { finished: 'other' }
  const from = { uid, resourceVersion: version }
  // The evidence has the size of the claim's target. The size in `interest.accounting` may be that of
  // another target.
  const objectBytes = seen.evidence === 'not yet' ? seen.bytes : supposedBytes
  const accounting = { ...interest.accounting, objectBytes }
  const written = await commit(
    environment,
    { target, mark, from, before, to, shared: true },
    { ...interest, accounting },
  )
  switch (written.write) {
    case 'applied': {
      // The write was not stored at `lookedAt`, so it was made after that. The cooldown begins at that
      // time, not at the time of the claim.
      const madeAt = seen.evidence === 'not yet' ? lookedAt : undefined
      const rows = asLeft(claimed, claim, written.version)
      ledger.later(draft => applied(draft, mark, rows, madeAt))
      return isMade(own, claim, written.version)
    }
    case 'refused':
      return refusedWith(written.reason, written.message)
    case 'missing':
      return refusedWith('NotScalable', `${claim.target} ${target.at.missing}`)
    case 'unknown': {
      const message = `can't check an earlier write of ${claim.target}: ${written.message}`
      return { finished: 'unknown', step: { outcome: 'unavailable', reason: 'Contended', message } }
    }
    case 'stale':
    case 'taken back':
    case 'not sent':
    case 'history gone':
      recordUnmade(environment, ledger, mark, written)
      return { finished: 'other' }
  }
}

/** Notes in the record that another process sends a claimed write. Returns whether it is still claimed. */
const register = async (ledger: Ledger, mark: string, mayContinue: () => boolean): Promise<boolean> => {
  const said = await ledger.decide(
    draft => {
      const isClaimed = standingOf(draft, mark, 0) !== 'settled'
      helped(draft, mark)
      return { result: isClaimed }
    },
    { mayContinue },
  )
  return said.decided === 'stored' && said.result
}

/**
 * Takes back the claim of a write whose only attempt had a conflict. Returns whether the removal of
 * the claim is stored. If so, no other process has sent the write or ever will.
 */
export const takeBack = async (
  ledger: Ledger,
  mark: string,
  rows: number,
  mayContinue: () => boolean,
): Promise<boolean> => {
  const taken = await ledger.decide(
    draft => {
      const isOwn = standingOf(draft, mark, rows) === 'unhelped'
      if (isOwn) dropped(draft, ofWrite(mark))
      return { result: isOwn }
    },
    { mayContinue },
  )
  return taken.decided === 'stored' && taken.result
}

/** Returns that the write of a claim is stored, by a version of the target that shows it. */
const isMade = (own: HelpPart['own'], claim: ClaimedWrite['claim'], version: Version | undefined): Finished => {
  const [made] = own ? asLeft([own], claim, version) : []
  if (!made) return { finished: 'other' }
  const { from, leases, on, to } = made
  // A step that changes nothing leases nothing.
  const until = from === to ? undefined : leases?.until
  return { finished: 'own', step: { outcome: 'done', from, to, on, until } }
}

const refusedWith = (reason: ProblemReason, message: string): Finished => ({
  finished: 'refused',
  step: { outcome: 'failed', reason, message },
})

/**
 * Finds out the outcome of a claim without sending its write, and stores what is certain. That
 * includes the other claims from the same version, which can be thousands if the server refused
 * them all.
 */
export const lookAtClaim = async (
  { api, clock }: Pick<Environment, 'api' | 'clock'>,
  ledger: Ledger,
  { claim, claimed }: ClaimedWrite,
): Promise<Evidence> => {
  const { before, mark, target: text, uid, version } = claim
  const target = parseTarget(text, ledger.owner.namespace)
  if (!target) {
    const foundAt = clock.now()
    ledger.later(draft => givenUp(draft, ofWrite(mark), foundAt))
    return { evidence: 'history gone', owners: [] }
  }
  const found = await findEvidence(api, target, { mark, from: { uid, resourceVersion: version }, before })
  const { evidence } = found
  const isRival = ofVersion({ target: text, uid, version })
  const others =
    (owners: readonly string[]): Which =>
    claim =>
      isRival(claim) && !owners.includes(claim.mark)
  if (evidence === 'applied') {
    const rows = asLeft(claimed, claim, found.newest)
    ledger.later(draft => applied(draft, mark, rows))
    ledger.later(draft => dropped(draft, others([mark])))
  }
  if (evidence === 'never') ledger.later(draft => dropped(draft, others(found.owners)))
  if (evidence === 'history gone') {
    const isOther = others(found.owners)
    const now = clock.now()
    // Selects this write's claims, and the abandoned claims from the same version. A process that
    // works on its claim may know more.
    const isOver: Which = (other, row) => other.mark === mark || (isOther(other, row) && isAbandoned(row, now))
    ledger.later(draft => givenUp(draft, isOver, now))
  }
  return found
}

/**
 * Makes all writes from a version of a target impossible, whichever process claimed them. Drops
 * their claims if none was made.
 */
export const fenceClaims = async (
  { api, log }: Pick<Environment, 'api' | 'log'>,
  ledger: Ledger,
  target: Target,
  from: Pick<Version, 'uid' | 'resourceVersion'>,
  charge: Charge,
): Promise<Fenced> => {
  const made = await fence(api, target, from, charge)
  if (made.fenced === 'yes' && made.isOurs) {
    const isFenced = ofVersion(originOf(target, from))
    ledger.later(draft => dropped(draft, isFenced))
    log.info(
      { namespace: target.namespace, target: target.name, version: from.resourceVersion },
      'making sure that the refused writes from this version never happen',
    )
  }
  return made
}

/**
 * Stores that a claimed write was not made, or that its outcome can never be found out. If the outcome
 * is not certain, the claim stays for the next process.
 */
export const recordUnmade = (
  { clock, log }: Pick<Environment, 'clock' | 'log'>,
  ledger: Ledger,
  mark: string,
  { write }: Committed,
): void => {
  if (write === 'stale') ledger.later(draft => dropped(draft, ofWrite(mark)))
  if (write !== 'history gone') return
  const foundAt = clock.now()
  ledger.later(draft => givenUp(draft, ofWrite(mark), foundAt))
  logUnknown(log, ledger, mark)
}

const logUnknown = (log: Log, { owner }: Ledger, mark: string): void => {
  const { name, namespace } = owner
  log.error({ namespace, hook: name, mark }, 'nobody knows whether a step was made, so it is not repeated')
}

import type { Claim } from '../api/row.ts'
import type { Environment } from '../environment/environment.ts'
import { isUndo } from '../record/context.ts'
import type { MemoryDraft } from '../record/draft.ts'
import type { Ledger } from '../record/ledger.ts'
import { abandonedIn, ofVersion, rowsOf, type Origin } from '../record/protocol.ts'
import { isAbandoned } from '../record/due.ts'
import { originOf } from './claims.ts'
import { fenceClaims, finishClaim, lookAtClaim, type Finished, type HelpPart } from './finish.ts'
import type { CachedVersion } from './cached-version.ts'
import type { Target, Version } from './target/target.ts'
import { targetText } from './target/text.ts'
import type { Accounting } from './target/commit.ts'
import { answerPost, isUnanswered, type QueueBackoff, type Waiting } from './waiting.ts'

/**
 * How many abandoned claims from one version are tolerated. After that, one write of the same count
 * makes all of them impossible. Each refused delivery with an idempotency key leaves a claim, and
 * the claims could fill the record.
 */
export const maxAbandoned = 200

/**
 * The result of a fence for all writes from a version. ours: the fence is stored. gone: the target
 * has another version. tried: the outcome is unknown, so the fence is tried again. no: the API
 * server refuses it.
 */
type FencedOff = 'ours' | 'gone' | 'tried' | 'no'

/** Handles what blocks posts for a target: claimed writes with an unknown outcome. */
export class Helper {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #target: Target
  readonly #cached: CachedVersion
  readonly #waits: QueueBackoff
  readonly #looked: (evidence: string) => void
  readonly #accounting: Accounting
  /**
   * The version that the API server refused to fence. The fence is tried again after the queue was
   * idle, because a policy that refused it may be removed.
   */
  unfenced: string | undefined
  #isTidying = false
  /**
   * The marks of abandoned claims that were searched without a final result. A claim may be settled
   * since. Its mark stays here until the other claims were searched.
   */
  readonly #open = new Set<string>()

  constructor(
    environment: Pick<Environment, 'api' | 'clock' | 'log'>,
    target: Target,
    cached: CachedVersion,
    waits: QueueBackoff,
    looked: (evidence: string) => void,
    accounting: Accounting,
  ) {
    this.#environment = environment
    this.#target = target
    this.#cached = cached
    this.#waits = waits
    this.#looked = looked
    this.#accounting = accounting
  }

  /** Finishes the claim that blocks each entry. Returns the entries to decide again. */
  async help(
    ledger: Ledger,
    met: readonly (readonly [Waiting, HelpPart])[],
    version: Version,
  ): Promise<readonly Waiting[]> {
    const again: Waiting[] = []
    const round: Round = { ledger, version, finished: new Map(), fenced: undefined }
    for (const [entry, part] of met) if (await this.#finish(entry, part, round)) again.push(entry)
    return again
  }

  /** Returns whether a record has too many abandoned claims from a version. */
  isCrowded(known: MemoryDraft, version: Version): boolean {
    const isHere = ofVersion(originOf(this.#target, version))
    return abandonedIn(known, this.#environment.clock.now()).filter(isHere).length >= maxAbandoned
  }

  /** Makes all writes from a version impossible. Returns the result. */
  async fenceOff(ledger: Ledger, version: Version): Promise<FencedOff> {
    if (this.unfenced === version.resourceVersion) return 'no'
    const made = await fenceClaims(this.#environment, ledger, this.#target, version, this.#accounting.charge)
    switch (made.fenced) {
      case 'yes':
        this.#cached.forget()
        if (made.isOurs) return 'ours'
        await this.#waits.pauseAfterConflicts()
        return 'gone'
      case 'no':
        this.unfenced = version.resourceVersion
        return 'no'
      case 'unknown':
        await this.#waits.pause(made.message, made.retryAfterMs)
        return 'tried'
    }
  }

  /**
   * Searches evidence for the oldest of the claims that their processes have abandoned, unless such a
   * search is in progress. It does not send the claim's write, because the sender may have got the answer that
   * nothing changed. Claims that were searched without a final result are searched again only after
   * all others.
   */
  async tidy(ledger: Ledger, known: MemoryDraft, abandoned: readonly Claim[]): Promise<void> {
    if (this.#isTidying) return
    const claim = abandoned.find(({ mark }) => !this.#open.has(mark))
    if (!claim) return this.#open.clear()
    this.#isTidying = true
    try {
      const claimed = rowsOf(known, claim.mark)
      const { evidence } = await lookAtClaim(this.#environment, ledger, { claim, claimed })
      this.#looked(evidence)
      if (evidence === 'not yet' || evidence === 'unreachable') this.#open.add(claim.mark)
    } catch (error) {
      this.#environment.log.error({ error }, "can't check an abandoned claim")
    } finally {
      this.#isTidying = false
    }
  }

  /**
   * Finishes the claim that blocks a post. Returns true if the post must be decided again.
   * Otherwise the post has been answered.
   */
  async #finish(entry: Waiting, part: HelpPart, round: Round): Promise<boolean> {
    // The post's time may have ended while another claim was finished. A post that was answered
    // must not come back.
    if (!isUnanswered(entry)) return false
    const { finished, ledger, version } = round
    const { claim } = part
    if (round.fenced && ofVersion(round.fenced)(claim)) return true
    const before = finished.get(claim.mark)
    const interest = {
      accounting: this.#accounting,
      looked: this.#looked,
      delayed: (message: string) => this.#waits.delayed(message),
      mayContinue: () => isUnanswered(entry),
    }
    const origin = originOf(this.#target, version)
    const isHere = ofVersion(origin)(claim)
    const fence = async (): Promise<boolean> => {
      const made = await this.fenceOff(ledger, version)
      if (made === 'ours') round.fenced = origin
      if (made !== 'no') finished.set(claim.mark, { finished: 'other' })
      return made !== 'no'
    }
    // The hook may have been edited since its process died.
    if (!before && isHere && this.#isOutdated(entry, part, version) && (await fence())) return true
    const done = before ?? (await finishClaim(this.#environment, ledger, part, interest))
    if (!before) this.#cached.forget()
    if (done.finished === 'other') return true
    if (done.finished === 'refused' && claim.target === targetText(this.#target)) {
      // The refused write can still be made only if the claim's version is the newest. `version`
      // may no longer be that one.
      if (!isHere) finished.set(claim.mark, { finished: 'other' })
      if (!isHere || (mayFence(entry, part, version) && (await fence()))) return true
    }
    // A claim that was left because this post's time ended is tried again for the next post.
    if (done.finished !== 'own' && isUnanswered(entry)) finished.set(claim.mark, done)
    answerPost(entry, done.step)
    return false
  }

  /**
   * Returns whether nobody works on a claim any more, and the hook asks for other steps by now than those in it. Never for
   * a claim that takes something back: any process finishes that.
   */
  #isOutdated({ context, plan }: Waiting, { claimed }: HelpPart, { limits }: Version): boolean {
    const now = this.#environment.clock.now()
    if (context.ends || isUndo(context)) return false
    const isLeft = claimed.every(row => row.undoes === undefined && isAbandoned(row, now))
    return isLeft && claimed.some(({ from, to }) => plan(from, 0, limits) !== to)
  }
}

/** What the posts of one call of {@link Helper.help} share. */
interface Round {
  readonly ledger: Ledger
  readonly version: Version
  /** The results of finished claims by their marks. */
  readonly finished: Map<string, Finished>
  /** The version that this call has fenced. Claims from it no longer block. */
  fenced: Origin | undefined
}

/** Returns whether a write that the server refuses may be fenced. */
const mayFence = ({ context, plan }: Waiting, { claim, own }: HelpPart, version: Version): boolean => {
  // The end of a lease is tried again until it is made.
  if (context.ends) return false
  // A plan that computes the refused count again would be refused again.
  const isUndoing = isUndo(context)
  return !(
    plan(version.count, own?.undoes ?? 0, version.limits) === claim.to &&
    (!isUndoing || own?.undoes !== undefined)
  )
}

import type { Environment } from '../environment/environment.ts'
import { isUndo } from '../record/judge.ts'
import type { Ledger } from '../record/ledger.ts'
import { abandonedIn, ofVersion, type Origin } from '../record/protocol.ts'
import { isUnsettled } from './batch.ts'
import { originOf, type Waiting } from './claims.ts'
import { fenceClaims, finishClaim, lookAtAbandoned, type Finished, type HelpPart } from './finish.ts'
import type { CachedVersion } from './cached-version.ts'
import { settle } from './line.ts'
import type { Patience } from './patience.ts'
import type { Target, Version } from './target/target.ts'
import { targetText } from './target/text.ts'
import type { Bill } from './target/write.ts'

/**
 * How many claims from one version may have been left behind before they are made impossible, which a write of the same
 * count does for all of them at once: each name that is refused leaves one, and a record can be full.
 */
const maxAbandoned = 200

/** The result of making all writes from a version impossible. tried: nobody knows, so it is tried again. */
type FencedOff = 'ours' | 'gone' | 'tried' | 'no'

/** Deals with what blocks posts for a target: writes that were claimed and are not known to be stored. */
export class Helper {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #target: Target
  readonly #known: CachedVersion
  readonly #waits: Patience
  readonly #looked: (evidence: string) => void
  readonly #bill: Bill
  /** The version that cannot be fenced. It is tried again when the queue has been idle: policies are taken back. */
  #unfenced: string | undefined
  #isTidying = false
  /** The marks of abandoned claims whose writes may still be made. */
  readonly #open = new Set<string>()

  constructor(
    environment: Pick<Environment, 'api' | 'clock' | 'log'>,
    target: Target,
    known: CachedVersion,
    waits: Patience,
    looked: (evidence: string) => void,
    bill: Bill,
  ) {
    this.#environment = environment
    this.#target = target
    this.#known = known
    this.#waits = waits
    this.#looked = looked
    this.#bill = bill
  }

  /** Finishes what each entry has met. Returns those that have to be judged again after that. */
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

  /** Whether too many claims from a version have been left behind. */
  isCrowded(ledger: Ledger, version: Version): boolean {
    const known = ledger.known()
    if (!known || known.size < maxAbandoned) return false
    const isHere = ofVersion(originOf(this.#target, version))
    return abandonedIn(known, this.#environment.clock.now()).filter(isHere).length >= maxAbandoned
  }

  /** Makes all writes from a version impossible, and returns how that went. */
  async fenceOff(ledger: Ledger, version: Version): Promise<FencedOff> {
    if (this.#unfenced === version.resourceVersion) return 'no'
    const made = await fenceClaims(this.#environment, ledger, this.#target, version, this.#bill.charge)
    switch (made.fenced) {
      case 'yes':
        this.#known.forget()
        if (made.isOurs) return 'ours'
        await this.#waits.pauseAfterConflicts()
        return 'gone'
      case 'no':
        this.#unfenced = version.resourceVersion
        return 'no'
      case 'unknown':
        await this.#waits.pause(made.message, made.retryAfterMs)
        return 'tried'
    }
  }

  /** Looks at what earlier processes have left unfinished, one at a time and in the background: nobody waits for it. */
  async tidy(ledger: Ledger): Promise<void> {
    if (this.#isTidying) return
    this.#isTidying = true
    await lookAtAbandoned(this.#environment, ledger, this.#looked, this.#open).catch((error: unknown) =>
      this.#environment.log.error({ error }, 'an abandoned claim cannot be looked at'),
    )
    this.#isTidying = false
  }

  /** The queue is idle: what the server refused may be tried again. */
  rest(): void {
    this.#unfenced = undefined
  }

  /** Finishes the claim that a post has met. Returns whether the post has to be judged again; otherwise it is answered. */
  async #finish(entry: Waiting, part: HelpPart, round: Round): Promise<boolean> {
    // Its time may have ended while another was helped: what has been answered must not come back.
    if (!isUnsettled(entry)) return false
    const { finished, ledger, version } = round
    const { claim } = part
    if (round.fenced && ofVersion(round.fenced)(claim)) return true
    const before = finished.get(claim.mark)
    if (!before) entry.state = 'in flight'
    const interest = { bill: this.#bill, looked: this.#looked, mayContinue: () => isUnsettled(entry) }
    const done = before ?? (await finishClaim(this.#environment, ledger, part, interest))
    if (!before) this.#known.forget()
    if (done.finished === 'other') return true
    if (done.finished === 'refused' && claim.target === targetText(this.#target)) {
      // It can be made from the newest version alone, and that may not be this one any more.
      const origin = originOf(this.#target, version)
      const isHere = ofVersion(origin)(claim)
      const made = !isHere ? 'gone' : mayFence(entry, part, version) ? await this.fenceOff(ledger, version) : 'no'
      if (made === 'ours') round.fenced = origin
      if (made !== 'no') {
        finished.set(claim.mark, { finished: 'other' })
        return true
      }
    }
    // A claim that was left because this post ran out of time is tried again for the next post.
    if (done.finished !== 'own' && isUnsettled(entry)) finished.set(claim.mark, done)
    settle(entry, done.step)
    return false
  }
}

/** What the posts of one call of {@link Helper.help} share. */
interface Round {
  readonly ledger: Ledger
  readonly version: Version
  /** The outcome of the claims that were finished, by their marks. */
  readonly finished: Map<string, Finished>
  /** The version that this call has fenced. Claims that were made from it block no longer. */
  fenced: Origin | undefined
}

/** Whether a write that the server refuses may be made impossible. */
const mayFence = ({ context, plan }: Waiting, { claim, own }: HelpPart, version: Version): boolean => {
  // The very count that has been refused just now would be refused again.
  const isUndoing = isUndo(context)
  return !(
    plan(version.count, own?.undoes ?? 0, version.limits) === claim.to &&
    (!isUndoing || own?.undoes !== undefined)
  )
}

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
import type { Target, Version } from './steps.ts'
import { targetText } from './target/text.ts'
import type { Bill } from './target/write.ts'

/**
 * How many claims from one version may have been left behind before they are made impossible, which a write of the same
 * count does for all of them at once: each name that is refused leaves one, and a record can be full.
 */
const maxAbandoned = 200

/** Deals with what blocks posts for a target: writes that were claimed and are not known to be stored. */
export interface Helper {
  /** Finishes what each entry has met. Answers those that have to be judged again after that. */
  help(ledger: Ledger, met: readonly (readonly [Waiting, HelpPart])[], version: Version): Promise<readonly Waiting[]>
  /** Whether too many claims from a version have been left behind. */
  isCrowded(ledger: Ledger, version: Version): boolean
  /** Makes all writes from a version impossible, and returns how that went. */
  fenceOff(ledger: Ledger, version: Version): Promise<'ours' | 'gone' | 'tried' | 'no'>
  /** Looks at what earlier processes have left unfinished, one at a time and in the background: nobody waits for it. */
  tidy(ledger: Ledger): Promise<void>
  /** The queue is idle: what the server refused may be tried again. */
  rest(): void
}

export const helperOf = (
  environment: Pick<Environment, 'api' | 'clock' | 'log'>,
  target: Target,
  known: CachedVersion,
  patience: Patience,
  looked: (evidence: string) => void,
  bill: Bill,
): Helper => {
  const { clock, log } = environment
  /** The version that cannot be fenced. It is tried again when the queue has been idle: policies are taken back. */
  let unfenced: string | undefined
  let tidying = false
  /** The marks of abandoned claims whose writes may still be made. */
  const open = new Set<string>()

  /** Makes all writes from a version impossible, and returns how that went. */
  const fenceOff = async (ledger: Ledger, version: Version): Promise<'ours' | 'gone' | 'tried' | 'no'> => {
    if (unfenced === version.resourceVersion) return 'no'
    const made = await fenceClaims(environment, ledger, target, version, bill.charge)
    switch (made.fenced) {
      case 'yes':
        known.forget()
        if (made.isOurs) return 'ours'
        await patience.pauseAfterConflicts()
        return 'gone'
      case 'no':
        unfenced = version.resourceVersion
        return 'no'
      case 'unknown':
        await patience.pause(made.message, made.retryAfterMs)
        return 'tried'
    }
  }

  /** Whether a write that the server refuses may be got out of the way. */
  const mayFence = ({ context, plan }: Waiting, { claim, own }: HelpPart, version: Version): boolean => {
    // The very count that has been refused just now would be refused again.
    const isUndoing = isUndo(context)
    return !(
      plan(version.count, own?.undoes ?? 0, version.limits) === claim.to &&
      (!isUndoing || own?.undoes !== undefined)
    )
  }

  return {
    help: async (ledger, met, version) => {
      const again: Waiting[] = []
      /** The outcome of the claims that this call has finished, by their marks. */
      const finished = new Map<string, Finished>()
      /** Nothing that was claimed from there blocks any more. */
      let fenced: Origin | undefined
      const origin = originOf(target, version)

      const finish = async (entry: Waiting, part: HelpPart): Promise<boolean> => {
        // Its time may have ended while another was helped: what has been answered must not come back.
        if (!isUnsettled(entry)) return false
        const { claim } = part
        if (fenced && ofVersion(fenced)(claim)) return true
        const before = finished.get(claim.mark)
        if (!before) entry.state = 'in flight'
        const done =
          before ??
          (await finishClaim(environment, ledger, part, { bill, looked, mayContinue: () => isUnsettled(entry) }))
        if (!before) known.forget()
        if (done.finished === 'other') return true
        if (done.finished === 'refused' && claim.target === targetText(target)) {
          // It can be made from the newest version alone, and that may not be this one any more.
          const isHere = ofVersion(origin)(claim)
          const made = !isHere ? 'gone' : mayFence(entry, part, version) ? await fenceOff(ledger, version) : 'no'
          if (made === 'ours') fenced = origin
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

      for (const [entry, part] of met) if (await finish(entry, part)) again.push(entry)
      return again
    },

    isCrowded: (ledger, version) => {
      const known = ledger.known()
      if (!known || known.size < maxAbandoned) return false
      return abandonedIn(known, clock.now()).filter(ofVersion(originOf(target, version))).length >= maxAbandoned
    },

    fenceOff,

    tidy: async ledger => {
      if (tidying) return
      tidying = true
      await lookAtAbandoned(environment, ledger, looked, open).catch((error: unknown) =>
        log.error({ error }, 'an abandoned claim cannot be looked at'),
      )
      tidying = false
    },

    rest: () => {
      unfenced = undefined
    },
  }
}

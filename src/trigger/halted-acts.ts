import type { Acts, EndedWork, Work } from '../acts/acts.ts'
import type { Outcome } from '../api/outcome.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import type { Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import type { Authenticate } from './authenticate.ts'
import { stopped } from './gates.ts'
import type { TriggerContext } from './request.ts'

/** The wait before it is asked again whether a hook may act, while nobody can say. */
const askAgain: Backoff = { firstMs: 100, maxMs: 1000 }

export interface HaltParts extends Pick<Environment, 'clock'> {
  readonly authenticate: Authenticate
  /** Reports how work has ended that no answer reports, with a reason of its own if its hook has ended it. */
  readonly late: (work: EndedWork, reason: 'Halted' | undefined) => void
}

/**
 * Returns acts that end early when their hook may not act any more. An act goes on for up to a minute,
 * and a hook that is suspended, edited or deleted must not act two seconds later. While nobody can
 * say whether it is, the act waits. An act that has ended so stays open. If it has changed nothing, its
 * delivery is decided again: by the edited hook, or by what closes it.
 */
export const haltedActs = (acts: Acts, context: TriggerContext, parts: HaltParts): Acts => ({
  once: (work, how) => {
    /** The outcome of an act that its hook has ended. */
    let halted: Outcome | undefined
    const mayHalt: Work = async (act, mayContinue, progress) => {
      const mayAct = permission(context, parts)
      let why: string | undefined
      const isAllowed = async (): Promise<boolean> => {
        for (let asked = 0; why === undefined && (await mayContinue()); asked++) {
          const answer = await mayAct()
          // The question may have taken a second.
          if (answer === 'yes') return await mayContinue()
          if (answer === 'unknown') await wait(parts.clock, waitAfter(askAgain, asked))
          else why ??= answer.no
        }
        return false
      }
      const worked = await work(act, isAllowed, progress)
      if (why === undefined || worked.worked !== 'unfinished') return worked
      const message = `${why}. ${'message' in worked.outcome ? worked.outcome.message : ''}`
      halted = { outcome: 'unavailable', reason: 'Unfinished', message }
      // What is decided again may be answered as if nothing had been changed.
      const isUntouched = worked.isUntouched === true && act.isResumed !== true
      return { worked: 'unfinished', outcome: isUntouched ? { outcome: 'changed' } : halted }
    }
    const ended = (worked: EndedWork): void => {
      const isDecidedAgain = worked.isAnswered && worked.outcome.outcome === 'changed'
      // A sender that was answered 503 does not know that its post will do nothing more.
      if (halted && !isDecidedAgain) parts.late({ ...worked, outcome: halted }, 'Halted')
      else if (!worked.isAnswered) parts.late(worked, undefined)
    }
    return acts.once(mayHalt, { ...how, ended })
  },
  settle: (id, outcome) => acts.settle(id, outcome),
})

/** Whether a hook may act now. `no` says why not. */
type MayAct = 'yes' | 'unknown' | { readonly no: string }

/**
 * Returns a function that finds out whether the post of a delivery could still run its hook, as it was
 * when the post was admitted. What the post proves besides its token was checked once, for good.
 */
const permission = (
  { delivery: { phase }, hook, isUnchanged, request }: TriggerContext,
  { authenticate }: Pick<HaltParts, 'authenticate'>,
): (() => Promise<MayAct>) => {
  let isStill = isUnchanged
  return async () => {
    if (isStill()) return 'yes'
    const found = await authenticate(request)
    if (!found.accepted)
      return found.status === 503 ? 'unknown' : { no: `the hook takes the post no more (${found.reason})` }
    if (found.hook.uid !== hook.uid) return { no: 'the hook was deleted' }
    if (found.hook.suspend) return { no: 'the hook was suspended' }
    if (found.hook.generation !== hook.generation) return { no: 'the hook was edited' }
    if (stopped(found.stop, found.hook, phase)) return { no: 'all hooks were stopped' }
    isStill = found.isCurrent
    // It was found out by requests that may have taken seconds.
    return isStill() ? 'yes' : 'unknown'
  }
}

import type { Acts, EndedWork, Work, Worked } from '../acts/acts.ts'
import type { Outcome } from '../api/outcome.ts'
import { reasons } from '../api/reasons.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import type { Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { answerTo } from './answer.ts'
import type { Authenticate } from './authenticate.ts'
import { stopped } from './gates.ts'
import type { LiveHook } from './hook.ts'
import type { Budget } from './intake.ts'
import type { Reporter } from './report.ts'
import type { TriggerContext, TriggerRequest } from './request.ts'

/** The wait before it is asked again whether a hook may act, while nobody can say. */
const askAgain: Backoff = { firstMs: 100, maxMs: 1000 }

/** What guards the acts of all hooks. */
interface Guards extends Pick<Environment, 'clock' | 'log'> {
  readonly authenticate: Authenticate
  readonly budget: Pick<Budget, 'isSpent'>
  readonly report: Reporter
  /** Notifies a hook's owner that its posts are refused. */
  readonly notifyLimited: (hook: LiveHook) => void
}

/**
 * Returns a function that guards the acts of a delivery. An act goes on for up to a minute after its
 * post was admitted, and asks before each request that changes something:
 *
 * 1. Is there still budget? While the budget of the hook is used up, acts end early. One may continue: the first
 *    that began while bytes were left. So a single act is never cut by its own writes, and of many acts at once
 *    only one can overdraw the budget.
 * 2. May its hook still act? A hook that is suspended, edited or deleted must not act two seconds later.
 *    While nobody can say whether it is, the act waits. An act that has ended so stays open. If it has changed
 *    nothing, its delivery is decided again: by the edited hook, or by what closes it.
 *
 * Where no answer has said how the work has ended, it is reported then: its sender may never send again.
 */
export const guardedActs = (guards: Guards): ((acts: Acts, context: TriggerContext) => Acts) => {
  const { budget, clock, log, notifyLimited } = guards
  /** The uids of hooks with an act in progress that continues even when the budget is used up. */
  const continued = new Set<string>()
  return (acts, context) => ({
    once: (work, how) => {
      const { hook } = context
      const { name, namespace, uid } = hook
      const [beganAt, began] = [clock.now(), clock.monotonic()]
      /** The outcome of an act that its hook has ended. */
      let halted: Outcome | undefined
      const guarded: Work = async (act, mayContinue, progress) => {
        let isSpent = budget.isSpent(hook)
        const isContinued = !isSpent && !continued.has(uid)
        if (isContinued) continued.add(uid)
        const isInBudget = async (): Promise<boolean> =>
          (await mayContinue()) && (isContinued || !(isSpent ||= budget.isSpent(hook)))
        const mayAct = permission(context, guards)
        let why: string | undefined
        const isAllowed = async (): Promise<boolean> => {
          for (let asked = 0; why === undefined && (await isInBudget()); asked++) {
            const answer = await mayAct()
            // The question may have taken a second.
            if (answer === 'yes') return await isInBudget()
            if (answer === 'unknown') await wait(clock, waitAfter(askAgain, asked))
            else why ??= answer.no
          }
          return false
        }
        let worked: Worked
        try {
          worked = await work(act, isAllowed, progress)
        } finally {
          if (isContinued) continued.delete(uid)
        }
        if (worked.worked !== 'unfinished') return worked
        if (why !== undefined) {
          halted = { outcome: 'unavailable', reason: 'Unfinished', message: `${why}. ${messageOf(worked)}` }
          // What is decided again may be answered as if nothing had been changed.
          const isUntouched = worked.isUntouched === true && act.isResumed !== true
          worked = { worked: 'unfinished', outcome: isUntouched ? { outcome: 'changed' } : halted }
        }
        if (!isSpent) return worked
        const soFar = messageOf(worked)
        log.warn(
          { namespace, hook: name, reason: 'WritesLimited', message: soFar },
          'an act ended before its work was done',
        )
        notifyLimited(hook)
        const message = `${reasons.WritesLimited.means} ${soFar}`.trim()
        return { worked: 'unfinished', outcome: { outcome: 'unavailable', reason: 'WritesLimited', message } }
      }
      const ended = (worked: EndedWork): void => {
        const late = { beganAt, ms: clock.monotonic() - began }
        const isDecidedAgain = worked.isAnswered && worked.outcome.outcome === 'changed'
        // A sender that was answered 503 does not know that its post will do nothing more.
        if (halted && !isDecidedAgain)
          reportLate(guards.report, context, { ...late, work: { ...worked, outcome: halted }, reason: 'Halted' })
        else if (!worked.isAnswered) reportLate(guards.report, context, { ...late, work: worked, reason: undefined })
      }
      return acts.once(guarded, { ...how, ended })
    },
    settle: (id, outcome) => acts.settle(id, outcome),
  })
}

const messageOf = ({ outcome }: Worked): string => ('message' in outcome ? outcome.message : '')

/** Whether a hook may act now. `no` says why not. */
type MayAct = 'yes' | 'unknown' | { readonly no: string }

/**
 * Returns a function that finds out whether the post of a delivery could still run its hook, as it was
 * when the post was admitted. What the post proves besides its token was checked once, for good.
 */
const permission = (
  { delivery: { phase }, hook, isUnchanged, request }: TriggerContext,
  { authenticate }: Pick<Guards, 'authenticate'>,
): (() => Promise<MayAct>) => {
  let isStill = isUnchanged
  return async () => {
    if (isStill()) return 'yes'
    const found = await authenticate(request)
    if (!found.accepted)
      return found.status === 503 ? 'unknown' : { no: `the hook no longer takes the post (${found.reason})` }
    if (found.hook.uid !== hook.uid) return { no: 'the hook was deleted' }
    if (found.hook.suspend) return { no: 'the hook was suspended' }
    if (found.hook.generation !== hook.generation) return { no: 'the hook was edited' }
    if (stopped(found.stop, found.hook, phase)) return { no: 'all hooks were stopped' }
    isStill = found.isCurrent
    // It was found out by requests that may have taken seconds.
    return isStill() ? 'yes' : 'unknown'
  }
}

interface Late {
  readonly work: EndedWork
  /** The reason in the report. Undefined: that of the outcome. */
  readonly reason: 'Halted' | undefined
  readonly beganAt: number
  readonly ms: number
}

/** Reports how work has ended as if it were an answer. What is not done counts as failed, because nobody may do the rest. */
const reportLate = (
  report: Reporter,
  { by, delivery, hook }: TriggerContext,
  { beganAt, ms, reason, work: { outcome, wasDone } }: Late,
): void => {
  // Work that has changed nothing is decided again, unless nobody waits for it. Then its end has another reason.
  if (outcome.outcome === 'changed') return
  const answer = answerTo(outcome, hook, 'target' in hook.bound ? hook.bound.target : 'the target', false)
  if (answer === 'no answer') return
  const body = {
    ...answer.body,
    ...(outcome.outcome === 'unavailable' && { outcome: 'failed' as const }),
    ...(reason && { reason }),
  }
  const change = 'evidence' in outcome && outcome.evidence ? { at: beganAt, ...outcome.evidence } : undefined
  report({ answer: { ...answer, body }, by, hook, delivery, change, late: { wasDone } }, ms)
}

/**
 * Returns acts that keep the body of their post counted while they work. They may go on for a minute
 * after the answer, and have the body in memory as long.
 */
export const keepingActs = (acts: Acts, { keep }: Pick<TriggerRequest, 'keep'>): Acts => ({
  once: (work, how) => {
    const kept: Work = async (...working) => {
      const end = keep?.()
      try {
        return await work(...working)
      } finally {
        end?.()
      }
    }
    return acts.once(kept, how)
  },
  settle: (id, outcome) => acts.settle(id, outcome),
})

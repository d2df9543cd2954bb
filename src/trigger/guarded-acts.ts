import type { Act, Acts, EndedWork, MayContinue, Progress, Work, Worked } from '../acts/acts.ts'
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
  const continued = new Set<string>()
  return (acts, context) => ({
    once: (work, how) => {
      const guarded = new GuardedWork(guards, context, continued)
      return acts.once((...working) => guarded.run(work, ...working), { ...how, ended: guarded.ended })
    },
    settle: (id, outcome) => acts.settle(id, outcome),
  })
}

/** The work of one act. */
class GuardedWork {
  readonly #guards: Guards
  readonly #context: TriggerContext
  /** The uids of hooks with an act in progress that continues even when the budget is used up. */
  readonly #continued: Set<string>
  readonly #mayAct: () => Promise<MayAct>
  readonly #beganAt: number
  readonly #began: number
  #isContinued = false
  #isSpent = false
  /** Why the hook may not act any more. */
  #why: string | undefined
  /** The outcome of an act that its hook has ended. */
  #halted: Outcome | undefined

  constructor(guards: Guards, context: TriggerContext, continued: Set<string>) {
    this.#guards = guards
    this.#context = context
    this.#continued = continued
    this.#mayAct = permission(context, guards)
    this.#beganAt = guards.clock.now()
    this.#began = guards.clock.monotonic()
  }

  /** Works until the work is done, or must end early. */
  async run(work: Work, act: Act, mayContinue: MayContinue, progress: Progress): Promise<Worked> {
    const { uid } = this.#context.hook
    this.#isSpent = this.#guards.budget.isSpent(this.#context.hook)
    this.#isContinued = !this.#isSpent && !this.#continued.has(uid)
    if (this.#isContinued) this.#continued.add(uid)
    try {
      const worked = await work(act, () => this.#isAllowed(mayContinue), progress)
      return worked.worked === 'unfinished' ? this.#endedEarly(worked, act) : worked
    } finally {
      if (this.#isContinued) this.#continued.delete(uid)
    }
  }

  async #isAllowed(mayContinue: MayContinue): Promise<boolean> {
    for (let asked = 0; this.#why === undefined && (await this.#isInBudget(mayContinue)); asked++) {
      const answer = await this.#mayAct()
      // The question may have taken a second.
      if (answer === 'yes') return await this.#isInBudget(mayContinue)
      if (answer === 'unknown') await wait(this.#guards.clock, waitAfter(askAgain, asked))
      else this.#why ??= answer.no
    }
    return false
  }

  async #isInBudget(mayContinue: MayContinue): Promise<boolean> {
    if (!(await mayContinue())) return false
    this.#isSpent ||= !this.#isContinued && this.#guards.budget.isSpent(this.#context.hook)
    return !this.#isSpent
  }

  /** Says in the outcome of unfinished work whether its hook or its budget has ended it. */
  #endedEarly(worked: Worked & { worked: 'unfinished' }, act: Act): Worked {
    const { hook } = this.#context
    let { outcome } = worked
    if (this.#why !== undefined) {
      this.#halted = { outcome: 'unavailable', reason: 'Unfinished', message: `${this.#why}. ${messageOf(outcome)}` }
      // What is decided again may be answered as if nothing had been changed.
      const isUntouched = worked.isUntouched === true && act.isResumed !== true
      outcome = isUntouched ? { outcome: 'changed' } : this.#halted
    }
    if (!this.#isSpent) return this.#why === undefined ? worked : { worked: 'unfinished', outcome }
    const soFar = messageOf(outcome)
    const fields = { namespace: hook.namespace, hook: hook.name, reason: 'WritesLimited', message: soFar }
    this.#guards.log.warn(fields, 'an act ended before its work was done')
    this.#guards.notifyLimited(hook)
    const message = `${reasons.WritesLimited.means} ${soFar}`.trim()
    return { worked: 'unfinished', outcome: { outcome: 'unavailable', reason: 'WritesLimited', message } }
  }

  readonly ended = (work: EndedWork): void => {
    const { clock, report } = this.#guards
    const late = { beganAt: this.#beganAt, ms: clock.monotonic() - this.#began }
    const isDecidedAgain = work.isAnswered && work.outcome.outcome === 'changed'
    // A sender that was answered 503 does not know that its post will do nothing more.
    if (this.#halted && !isDecidedAgain)
      reportLate(report, this.#context, { ...late, work: { ...work, outcome: this.#halted }, reason: 'Halted' })
    else if (!work.isAnswered) reportLate(report, this.#context, { ...late, work, reason: undefined })
  }
}

const messageOf = (outcome: Outcome): string => ('message' in outcome ? outcome.message : '')

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

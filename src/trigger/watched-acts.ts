import type { Acts, EndedWork } from '../acts/acts.ts'
import type { Environment } from '../environment/environment.ts'
import { answerTo } from './answer.ts'
import { haltedActs, type HaltParts } from './halted-acts.ts'
import type { LiveHook } from './hook.ts'
import type { Budget } from './intake.ts'
import { pacedActs } from './paced-acts.ts'
import type { Recorder } from './record.ts'
import type { TriggerContext } from './request.ts'

interface WatchParts extends Omit<HaltParts, 'late'>, Pick<Environment, 'log'> {
  readonly budget: Pick<Budget, 'isSpent'>
  readonly record: Recorder
  /** Notifies a hook's owner that its posts are refused. */
  readonly notifyLimited: (hook: LiveHook) => void
}

/**
 * Returns a function that limits the acts of a delivery. They end early while the budget of their hook is
 * used up, or once it may not act any more. Where no answer has said how the work has ended, it is
 * reported then: its sender may never send again.
 */
export const watchedActs = (parts: WatchParts): ((acts: Acts, context: TriggerContext) => Acts) => {
  const { budget, clock, log, notifyLimited, record } = parts
  /** The uids of hooks with an act in progress that a spent budget does not end. */
  const kept = new Set<string>()
  return (acts, context) => {
    const { hook } = context
    const { name, namespace, uid } = hook
    const ended = (message: string): void => {
      log.warn({ namespace, hook: name, reason: 'WritesLimited', message }, 'an act has ended before its work was done')
      notifyLimited(hook)
    }
    const paced = pacedActs(acts, uid, { isSpent: () => budget.isSpent(hook), kept, ended })
    const [beganAt, began] = [clock.now(), clock.monotonic()]
    return haltedActs(paced, context, {
      ...parts,
      late: (work, reason) => reportLate(record, context, { work, reason, beganAt, ms: clock.monotonic() - began }),
    })
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
  record: Recorder,
  { delivery, hook }: TriggerContext,
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
  record({ answer: { ...answer, body }, hook, delivery, change, late: { wasDone } }, ms)
}

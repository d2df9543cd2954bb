import { hasTokenShape, type Verifier } from '../token/verify.ts'
import { onceUnspent, refusal, unavailable, type TriggerAnswer } from './answer.ts'
import type { Budget } from './budget.ts'
import type { Hooks } from './hooks.ts'
import type { Intake } from './intake.ts'
import type { Handled, Recorder } from './record.ts'

/** What the first line of a request says. */
export interface Head {
  readonly method: string
  /** What stands in the path of a trigger; undefined for any other path. */
  readonly token: string | undefined
  /** Whose connection it is. */
  readonly source: string
  /** Whether it may ask for a dry run, since it has a query. */
  readonly mayBeDry?: boolean
}

/** Answers a request whose head alone decides, at next to no cost; undefined where it goes on. */
export type Preflight = (head: Head) => TriggerAnswer | undefined

interface Means {
  readonly budget: Pick<Budget, 'secondsSpent'>
  readonly verifier: Pick<Verifier, 'known'>
  readonly hooks: Pick<Hooks, 'known'>
  readonly intake: Intake
  readonly record: Recorder
}

/** Looks at what is in memory already, and decides nothing that the endpoint would decide otherwise, but for 503. */
export const preflightOf = ({ budget, hooks, intake, record, verifier }: Means): Preflight => {
  const judge = ({ mayBeDry, method, source, token }: Head): Handled | undefined => {
    const claims = token === undefined ? undefined : verifier.known(token)
    if (!claims && (token === undefined || !hasTokenShape(token))) return { answer: refusal(404, 'UnknownToken') }
    if (method !== 'POST') return { answer: refusal(405, 'MethodNotAllowed') }
    const hook = claims && hooks.known(claims)
    if (intake.distrusts(source, hook)) return { answer: refusal(503, 'Overloaded') }
    const full = hook && intake.full(hook, mayBeDry)
    return hook && full ? { answer: unavailable(full, hook), hook } : undefined
  }
  return head => {
    const handled = judge(head)
    if (handled) record(handled, 0)
    return handled && onceUnspent(handled.answer, handled.hook, budget)
  }
}

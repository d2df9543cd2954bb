import type { Auth } from '../api/auth.ts'
import { hasTokenShape, type Verifier } from '../token/verify.ts'
import { onceUnspent, refusal, unavailable, type TriggerAnswer } from './answer.ts'
import type { Distrust } from './distrust.ts'
import type { LiveHook } from './hook.ts'
import type { Hooks } from './hooks.ts'
import type { Budget, Intake } from './intake.ts'
import type { Keys } from './keys.ts'
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
  /** Whether it may have a long body. Most requests are answered without asking. */
  readonly isLong: () => boolean
}

/** Answers a request whose head alone decides, at next to no cost; undefined where it goes on. */
export type Preflight = (head: Head) => TriggerAnswer | undefined

interface Means {
  readonly budget: Pick<Budget, 'secondsSpent'>
  readonly distrust: Pick<Distrust, 'takeCheck' | 'trusts'>
  readonly verifier: Pick<Verifier, 'claimed' | 'known'>
  readonly hooks: Pick<Hooks, 'known'>
  readonly intake: Pick<Intake, 'full'>
  readonly keys: Pick<Keys, 'current'>
  readonly record: Recorder
}

/** Looks at what is in memory already, and decides nothing that the endpoint would decide otherwise, but for 503. */
export const preflightOf = ({ budget, distrust, hooks, intake, keys, record, verifier }: Means): Preflight => {
  /** The hook that a token names which was not verified yet, if it may be one of ours: that costs a hundredth of its signature. */
  const named = (token: string): LiveHook | undefined => {
    const published = keys.current()
    const claims = published && verifier.claimed(token, published)
    return claims && hooks.known(claims)
  }
  /** `hook`: of a token that was verified before. */
  const mayCheck = ({ isLong, source }: Head, token: string, hook: LiveHook | undefined): boolean => {
    if (distrust.trusts(source, hook)) return true
    const checked = hook ?? named(token)
    return checked !== undefined && distrust.takeCheck(checked, hook && readsBody(hook) && isLong() ? 'long' : 'short')
  }
  const judge = (head: Head): Handled | undefined => {
    const { mayBeDry, method, token } = head
    const claims = token === undefined ? undefined : verifier.known(token)
    if (token === undefined || (!claims && !hasTokenShape(token))) return { answer: refusal(404, 'UnknownToken') }
    if (method !== 'POST') return { answer: refusal(405, 'MethodNotAllowed') }
    const hook = claims && hooks.known(claims)
    if (!mayCheck(head, token, hook)) return { answer: refusal(503, 'Overloaded') }
    const full = hook && intake.full(hook, mayBeDry)
    return hook && full ? { answer: unavailable(full, hook), hook } : undefined
  }
  return head => {
    const handled = judge(head)
    if (handled) record(handled, 0)
    return handled && onceUnspent(handled.answer, handled.hook, budget)
  }
}

/** Whether what a form of `auth` asks for is of the body. */
const isSigned: Readonly<Record<Auth['form'], boolean>> = {
  bearer: false,
  basic: false,
  header: false,
  hmac: true,
  standardWebhooks: true,
  sns: true,
}

/** Whether what a hook asks for is in the body. */
const readsBody = ({ auth }: LiveHook): boolean => auth !== undefined && isSigned[auth.form]

import type { Auth } from '../api/auth.ts'
import { hasTokenShape, type Verifier } from '../token/verify.ts'
import { onceUnspent, refusal, unavailable, type TriggerAnswer } from './answer.ts'
import type { Distrust } from './distrust.ts'
import type { LiveHook } from './hook.ts'
import type { Hooks } from './hooks.ts'
import type { Budget, Intake } from './intake.ts'
import type { Keys } from './keys.ts'
import type { Handled, Recorder } from './record.ts'

/**
 * The part of a request that decides a preflight: its first line, its source, and the headers that
 * announce a token or a body.
 */
export interface Head {
  readonly method: string
  /**
   * The token in a trigger's path, or in the header Authorization if that path has none. Undefined
   * if there is neither, or for another path.
   */
  readonly token: string | undefined
  /** The source of the connection. */
  readonly source: string
  /** True if the request has a query, which may ask for a dry run. */
  readonly mayBeDry?: boolean
  /**
   * Returns whether the request may have a long body. A function, because most requests are
   * answered without it.
   */
  readonly isLong: () => boolean
}

/**
 * Answers a request if its head alone decides the answer, at very low cost. Returns undefined if
 * the endpoint must answer it.
 */
export type Preflight = (head: Head) => TriggerAnswer | undefined

interface Deps {
  readonly budget: Pick<Budget, 'secondsSpent'>
  readonly distrust: Pick<Distrust, 'takeCheck' | 'trusts'>
  readonly verifier: Pick<Verifier, 'claimed' | 'known'>
  readonly hooks: Pick<Hooks, 'known'>
  readonly intake: Pick<Intake, 'full'>
  readonly keys: Pick<Keys, 'current'>
  readonly record: Recorder
}

/**
 * Makes a preflight. It uses only what is in memory. Except for a 503, it decides nothing
 * differently from the endpoint.
 */
export const preflightOf = ({ budget, distrust, hooks, intake, keys, record, verifier }: Deps): Preflight => {
  /**
   * Returns the hook that an unverified token names, or undefined. This costs a hundredth of
   * verifying the token's signature.
   */
  const named = (token: string): LiveHook | undefined => {
    const published = keys.current()
    const claims = published && verifier.claimed(token, published)
    return claims && hooks.known(claims)
  }
  /** Returns whether a post may be checked. `hook` is given if its token was verified before. */
  const mayCheck = ({ isLong, source }: Head, token: string, hook: LiveHook | undefined): boolean => {
    if (distrust.trusts(source, hook)) return true
    const checked = hook ?? named(token)
    return checked !== undefined && distrust.takeCheck(checked, hook && readsBody(hook) && isLong() ? 'long' : 'short')
  }
  const answerFrom = (head: Head): Handled | undefined => {
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
    const handled = answerFrom(head)
    if (handled) record(handled, 0)
    return handled && onceUnspent(handled.answer, handled.hook, budget)
  }
}

/** Whether a signature of this form of `auth` covers the body. */
const isSigned: Readonly<Record<Auth['form'], boolean>> = {
  bearer: false,
  basic: false,
  header: false,
  hmac: true,
  standardWebhooks: true,
  sns: true,
}

/** Returns whether a hook's `auth` needs the body. */
const readsBody = ({ auth }: LiveHook): boolean => auth !== undefined && isSigned[auth.form]

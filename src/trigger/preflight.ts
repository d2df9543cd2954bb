import type { Auth } from '../api/auth.ts'
import { hasTokenShape, type Verifier } from '../token/verify.ts'
import { onceUnspent, refusal, limitedAnswer, type TriggerAnswer } from './answer.ts'
import type { Distrust } from './distrust.ts'
import type { LiveHook } from './hook.ts'
import type { Hooks } from './hooks.ts'
import type { Budget, Intake } from './intake.ts'
import type { Keys } from './keys.ts'
import type { Reporter } from './report.ts'
import type { PostAddress, HookName } from './request.ts'

/**
 * The part of a request that decides a preflight: its first line, its source, and the headers that
 * announce a token or a body. It has neither token nor name if its path is another.
 */
export interface Head extends PostAddress {
  readonly method: string
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
  readonly distrust: Pick<Distrust, 'takeCheck' | 'trusts' | 'trustsNamed'>
  readonly verifier: Pick<Verifier, 'claimed' | 'known'>
  readonly hooks: Pick<Hooks, 'known' | 'knownNamed'>
  readonly intake: Pick<Intake, 'whyRefused'>
  readonly keys: Pick<Keys, 'current'>
  readonly report: Reporter
}

/**
 * Makes a preflight. It uses only what is in memory. Except for a 503, it decides nothing
 * differently from the endpoint.
 */
export const preflightOf = ({ budget, distrust, hooks, intake, keys, report, verifier }: Deps): Preflight => {
  /**
   * Returns the hook that an unverified token names, or undefined. This costs a hundredth of
   * verifying the token's signature.
   */
  const hookOfToken = (token: string): LiveHook | undefined => {
    const published = keys.current()
    const claims = published && verifier.claimed(token, published)
    return claims && hooks.known(claims)
  }
  /**
   * Returns whether a post to a hook with `auth`, or to a hook that is not known yet, may be checked.
   * `hook` is given if its token was verified before.
   */
  const mayCheck = ({ isLong, source }: Head, token: string, hook: LiveHook | undefined): boolean => {
    if (distrust.trusts(source, hook)) return true
    const checked = hook ?? hookOfToken(token)
    return checked !== undefined && distrust.takeCheck(checked, hook && readsBody(hook) && isLong() ? 'long' : 'short')
  }
  /**
   * Answers a post to a name only if too many failed, with the same answer for each name. Whether a
   * hook has the name decides nothing but the rate.
   */
  const answerNamed = ({ isLong, method, source }: Head, name: HookName): TriggerAnswer | undefined => {
    if (method !== 'POST') return refusal(405, 'MethodNotAllowed')
    if (distrust.trustsNamed(source, name)) return undefined
    const hook = hooks.knownNamed(name)
    const mayBeLong = (!hook || readsBody(hook)) && isLong()
    return distrust.takeCheck(hook?.hasNamedURL ? hook : undefined, mayBeLong ? 'long' : 'short')
      ? undefined
      : refusal(503, 'Overloaded')
  }
  const refused = (answer: TriggerAnswer, hook?: LiveHook): TriggerAnswer => {
    report({ answer, ...(hook && { hook }) }, 0)
    return onceUnspent(answer, hook, budget)
  }
  return head => {
    const { mayBeDry, method, named: name, token } = head
    if (name) {
      const answer = answerNamed(head, name)
      return answer && refused(answer)
    }
    const claims = token === undefined ? undefined : verifier.known(token)
    if (token === undefined || (!claims && !hasTokenShape(token))) return refused(refusal(404, 'UnknownToken'))
    if (method !== 'POST') return refused(refusal(405, 'MethodNotAllowed'))
    const hook = claims && hooks.known(claims)
    // For a hook that requires only its token, a verified token is enough: all posts may come from one proxy.
    const isProved = hook !== undefined && !hook.auth
    if (!isProved && !mayCheck(head, token, hook)) return refused(refusal(503, 'Overloaded'))
    const why = hook && intake.whyRefused(hook, mayBeDry)
    return hook && why ? refused(limitedAnswer(why, hook), hook) : undefined
  }
}

/** Whether a signature of this form of `auth` covers the body. */
const isSigned: Readonly<Record<Auth['form'], boolean>> = {
  bearer: false,
  basic: false,
  header: false,
  path: false,
  hmac: true,
  standardWebhooks: true,
  oidc: false,
  sns: true,
}

/** Returns whether a hook's `auth` needs the body. */
const readsBody = ({ auth }: LiveHook): boolean => auth !== undefined && isSigned[auth.form]

import type { ReasonIn } from '../api/reasons.ts'
import { Unreachable } from '../environment/unreachable.ts'
import type { Clock } from '../environment/environment.ts'
import { ApiError } from '../kube/errors.ts'
import { acceptance } from '../token/current.ts'
import type { Claims } from '../token/claims.ts'
import type { Verdict, Verifier } from '../token/verify.ts'
import type { LiveHook } from './hook.ts'
import type { Found, Hooks } from './hooks.ts'
import type { Keys } from './keys.ts'

export type Authentication =
  | { readonly accepted: true; readonly hook: LiveHook }
  | { readonly accepted: false; readonly status: 404 | 410 | 503; readonly reason: ReasonIn<'refused'> }

const no = (status: 404 | 410 | 503, reason: ReasonIn<'refused'>): Authentication => ({
  accepted: false,
  status,
  reason,
})

/** Decides which hook a token may run now, if any. */
export const authenticator = (clock: Clock, verifier: Verifier, keys: Keys, hooks: Hooks) => {
  const verify = async (token: string): Promise<Verdict | 'not ready'> => {
    const known = keys.fresh() ? keys.current() : await keys.readAgain()
    const verdict = known && (await verifier.verify(token, known, clock.now()))
    if (verdict && verdict.verdict !== 'unknown key') return verdict
    // A key may have been published a moment ago: before anyone is told 404, the key set is read once more.
    const read = await keys.readAgain()
    return read ? await verifier.verify(token, read, clock.now()) : 'not ready'
  }

  const judge = (found: Found, claims: Claims): Authentication | 'newer than known' => {
    if (found.found === 'unreachable') return no(503, 'ApiUnreachable')
    if (found.found === 'elsewhere') return no(404, 'UnknownToken')
    if (found.found === 'none') return no(410, 'HookDeleted')
    const accepted = acceptance(claims, found.hook, clock.now())
    if (accepted === 'newer than known') return accepted
    return accepted === 'accepted' ? { accepted: true, hook: found.hook } : no(410, 'TokenRotated')
  }

  return async (token: string): Promise<Authentication> => {
    if (!hooks.synced()) return no(503, 'NotReady')
    try {
      const verdict = await verify(token)
      if (verdict === 'not ready') return no(503, 'NotReady')
      if (verdict.verdict === 'expired') return no(410, 'TokenExpired')
      if (verdict.verdict !== 'valid') return no(404, 'UnknownToken')
      const { namespace, name, uid } = verdict.claims
      const judged = judge(await hooks.find(namespace, name, uid), verdict.claims)
      if (judged !== 'newer than known') return judged
      const again = judge(await hooks.readLive(namespace, name, uid), verdict.claims)
      return again === 'newer than known' ? no(410, 'TokenRotated') : again
    } catch (error) {
      if (error instanceof ApiError || error instanceof Unreachable) return no(503, 'ApiUnreachable')
      throw error
    }
  }
}

export type Authenticate = ReturnType<typeof authenticator>

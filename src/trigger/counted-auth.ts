import type { Metrics } from '../environment/environment.ts'
import type { AuthFailure } from './auth-proof.ts'
import type { CheckAuth } from './auth.ts'

/** Returns a check of `auth` whose results are counted. */
export const countedAuth = (check: CheckAuth, metrics: Metrics): CheckAuth => {
  const proofs = metrics.counter(
    'receiverhooks_proofs_total',
    'Checks of what the `auth` of a hook asks for, by form and result: accepted, refused, failed (a person must change the Secret, a right or the hook), unavailable, or unread (the signed body did not arrive).',
    ['form', 'result'],
  )
  return async (hook, ...given) => {
    const failure = await check(hook, ...given)
    if (hook.auth) proofs.add({ form: hook.auth.form, result: resultOf(failure) })
    return failure
  }
}

const resultOf = (failure: AuthFailure | undefined): string => {
  if (!failure) return 'accepted'
  if (!('refused' in failure)) return failure.outcome
  const { refused } = failure
  if (refused === 'no answer') return 'unread'
  return refused.status === 401 ? 'refused' : refused.status === 503 ? 'unavailable' : 'unread'
}

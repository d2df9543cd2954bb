import { nobody, type Proved } from '../api/by.ts'
import type { Clock } from '../environment/environment.ts'
import type { Stop } from '../token/stop.ts'
import { answerTo, refusal, limitedAnswer, type TriggerAnswer } from './answer.ts'
import type { AuthFailure } from './auth/shown.ts'
import type { CheckAuth } from './auth/proof.ts'
import type { Authenticate, Authentication } from './authenticate.ts'
import type { LiveHook } from './hook.ts'
import type { Hooks } from './hooks.ts'
import type { IdTokens } from './auth/id-tokens.ts'
import type { Intake } from './intake.ts'
import { provenForMs } from './limits.ts'
import type { PostedBody } from './posted.ts'
import type { Handled } from './report.ts'
import type { TriggerRequest } from './request.ts'
import { signedOf, unsigned, type SignedPart } from './auth/signed.ts'

/**
 * A post's admission to a hook. `isCurrent` returns whether it is still valid, and is called before
 * each step. `isUnchanged` returns whether hook, keys and stop are, however long ago the post has
 * proved what `auth` asks for.
 */
export interface Admission extends SignedPart, Proved {
  readonly hook: LiveHook
  readonly stop: Stop | undefined
  readonly isCurrent: () => boolean
  readonly isUnchanged: () => boolean
}

/**
 * Checks a post's token or name, and `auth`. Returns its admission, or the answer if it is not
 * admitted. `isNew`: the post has not entered the intake yet, so the hook's limits are checked too.
 */
export type Admit = (
  request: TriggerRequest,
  body: PostedBody,
  dryRun: boolean | undefined,
  isNew: boolean,
) => Promise<Handled | Admission>

export interface AdmissionParts {
  readonly authenticate: Authenticate
  readonly checkAuth: CheckAuth
  readonly clock: Pick<Clock, 'monotonic'>
  /** Called for each post to a URL that a newer one has replaced. */
  readonly countFormerURL: (hook: LiveHook) => void
  readonly hooks: Pick<Hooks, 'takeNamedLookup' | 'readLive'>
  readonly idTokens: Pick<IdTokens, 'areKeysAway'>
  readonly intake: Pick<Intake, 'whyRefused'>
}

export const admitter = (parts: AdmissionParts): Admit => {
  const { authenticate, checkAuth, clock, countFormerURL, hooks, idTokens, intake } = parts

  /**
   * Reads a hook with a name once more if the cache says that a problem blocks it. The cache alone must
   * not decide that. The post has proved itself, so no stranger causes the read.
   */
  const withoutOldProblem = async (request: TriggerRequest, found: Accepted): Promise<Accepted> => {
    const { generation, name, namespace, problem, uid } = found.hook
    if (!request.named || !problem) return found
    await hooks.readLive(namespace, name, uid)
    const again = await authenticate(request)
    // The post has proved itself to this version of the hook alone.
    const isSame = again.accepted && again.hook.uid === uid && again.hook.generation === generation
    return isSame ? again : found
  }

  /**
   * Returns the answer to a post without a proof at a URL with a name. The keys for its token are looked
   * up for each name, so neither the wait for them nor the answer without them reveals a hook. `mayRefuse`
   * is false if a name of no hook could not be looked up now either.
   */
  const unprovedBy = async ({ headers }: TriggerRequest, mayRefuse: boolean): Promise<TriggerAnswer> => {
    if (await idTokens.areKeysAway(headers)) return refusal(503, 'IssuerUnavailable')
    return mayRefuse ? unproved : refusal(503, 'ApiUnreachable')
  }

  /** Checks what a hook's `auth` asks for. */
  const proofOf = async (
    hook: LiveHook,
    { headers, named }: TriggerRequest,
    body: PostedBody,
  ): Promise<(Proved & SignedPart) | AuthFailure> => {
    const proof = await checkAuth(hook, headers, body, named?.secret)
    return 'by' in proof ? { ...proof, ...(await signedOf(hook, headers, body)) } : proof
  }

  return async (request, body, dryRun, isNew) => {
    const beganAt = clock.monotonic()
    const found = await authenticate(request)
    if (!found.accepted) {
      const { reason, status } = found
      const isUnproved = request.named !== undefined && (status === 401 || reason === 'ApiUnreachable')
      return { answer: isUnproved ? await unprovedBy(request, status === 401) : refusal(status, reason) }
    }
    const { hook } = found
    if (isNew && found.isFormer) countFormerURL(hook)
    // At a URL with a name, the limits would reveal that there is a hook. They are checked when the
    // post enters the intake, after its proof.
    const why = isNew && !request.named ? intake.whyRefused(hook, dryRun) : undefined
    if (why) return { answer: limitedAnswer(why, hook), hook }
    // Most hooks require only the token.
    const passed = hook.auth && !request.requested ? await proofOf(hook, request, body) : proofOfToken(request)
    if ('signed' in passed) {
      const { isCurrent: isUnchanged, ...latest } = await withoutOldProblem(request, found)
      const isCurrent = hook.auth
        ? (): boolean => isUnchanged() && clock.monotonic() - beganAt < provenForMs
        : isUnchanged
      return { ...passed, hook: latest.hook, stop: latest.stop, isCurrent, isUnchanged }
    }
    if (request.named) {
      const answer = answerWithoutName(passed)
      return {
        answer: answer === unproved ? await unprovedBy(request, hooks.takeNamedLookup(request.named)) : answer,
        hook,
      }
    }
    const isDry = dryRun ?? false
    return { answer: 'refused' in passed ? passed.refused : answerTo(passed, hook, 'the target', isDry), hook }
  }
}

type Accepted = Extract<Authentication, { accepted: true }>

const unnamed = { ...nobody, ...unsigned }

/**
 * Returns the proof of a post that needs none of its own. Its token is enough, or the API server has asked who makes
 * it. One that has waited for approval has proved itself before.
 */
const proofOfToken = ({ requested }: TriggerRequest): Proved & SignedPart => {
  if (!requested) return unnamed
  const { by, decidedBy, post } = requested
  return { by: { ...by, decidedBy }, signed: post?.signed, id: post?.id }
}

/** The only answer to a post that proves nothing at a URL with a name. It has each challenge. */
const unproved = refusal(401, 'Unproved', {
  'www-authenticate': 'Bearer realm="receiver-hooks", Basic realm="receiver-hooks", charset="UTF-8"',
})

/**
 * Returns the answer to a post that failed at a URL with a name. It is the same for a name of no
 * hook. So it does not say what is wrong with the Secret: the hook's conditions do.
 */
const answerWithoutName = (failure: AuthFailure): TriggerAnswer => {
  if (!('refused' in failure)) return failure.outcome === 'failed' ? unproved : refusal(503, 'ApiUnreachable')
  const { refused } = failure
  return refused !== 'no answer' && refused.status === 401 ? unproved : refused
}

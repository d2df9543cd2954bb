import { authOf, type SecretAuth } from '../../src/api/auth.ts'
import { credentialsIn, type Credentials } from '../../src/api/credentials.ts'
import { isReceiverHook } from '../../src/api/hook.ts'
import { isObject, stringAt, tryParseJson } from '../../src/api/json.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { provingHeaders, type SignedPost } from '../../src/api/proof.ts'
import type { ApiConnection, Outbound } from '../../src/environment/environment.ts'
import { redacted } from '../../src/environment/redact.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { secrets } from '../../src/kube/resources.ts'
import { hookURL, isBeforeRotation, urlSecretOf, type HookURL } from '../../src/token/hook-url.ts'
import type { Tried } from '../protocol.ts'
import { ask, ApiRefused } from './api.ts'
import { maxTryAnswerBytes, tryWait, tryWithinMs } from './limits.ts'
import { RefusedError } from './refused.ts'

/**
 * Returns a hook's URL, from its status or from the Secret with its secret part. The Secret is read as
 * the user. Throws {@link RefusedError}.
 */
export const urlOf = async (api: ApiConnection, hook: StoredObject): Promise<HookURL> => {
  const { name, namespace = '' } = hook.metadata
  const secretName = urlSecretOf(hook)
  const path = secretName === undefined ? undefined : objectPath(secrets, namespace, secretName)
  const found = hookURL(hook, path === undefined ? undefined : await ask(api, { method: 'GET', path }))
  if (!('problem' in found)) {
    if (!isBeforeRotation(hook)) return found
    throw new RefusedError(409, 'NoURL', `the controller has not published the new URL of ${name} yet`)
  }
  switch (found.problem) {
    case 'none':
      throw new RefusedError(409, 'NoURL', `the controller has not published a URL for ${name} yet`)
    case 'foreign':
      throw new RefusedError(409, 'NoURL', `Secret/${secretName} belongs to something else than ${name}`)
    case 'unusable':
      throw new RefusedError(409, 'NoURL', `hook ${name} has no URL that can be used: ${found.message}`)
  }
}

export interface Trial {
  readonly dryRun: boolean
  /** The idempotency key. A post that is sent twice with it is one delivery. */
  readonly key: string
  readonly body?: string
  /**
   * True if the post waits a moment for the outcome. If its idempotency key is known already, it
   * only asks for the outcome, and runs nothing.
   */
  readonly waits?: boolean
  /** The current time, in milliseconds since the epoch. Some hooks require a signed time. */
  readonly now: number
}

/**
 * Posts once to the trigger at `triggerBase`, or else at the published URL. Follows no redirect.
 */
export const tryHook = async (
  api: ApiConnection,
  outbound: Outbound,
  triggerBase: string | undefined,
  hook: StoredObject,
  trial: Trial,
): Promise<Tried> => {
  const { path, ...published } = await urlOf(api, hook)
  const base = triggerBase ?? published.base
  const body = trial.body ?? ''
  const proof = await proofOf(api, hook, { body, now: trial.now, id: trial.key })
  try {
    const answer = await outbound({
      method: 'POST',
      url: `${base}${path}${trial.dryRun ? '?dryRun=true' : trial.waits ? `?wait=${tryWait}` : ''}`,
      headers: {
        'idempotency-key': trial.key,
        ...(body === '' ? {} : { 'content-type': 'application/json' }),
        ...proof,
      },
      ...(body === '' ? {} : { body }),
      timeoutMs: tryWithinMs,
      maxBytes: maxTryAnswerBytes,
    })
    return triedOf(answer.status, answer.body, trial.dryRun)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    throw new RefusedError(
      502,
      'TriggerUnreachable',
      `the trigger at ${base} cannot be reached from here: ${redacted(error.message)}. A name that ends in .svc is known inside the cluster alone; set --trigger-url, or forward a port to the trigger's Service`,
    )
  }
}

const triedOf = (status: number, body: string, dryRun: boolean): Tried => {
  const answer = tryParseJson(body)
  if (!isObject(answer)) {
    throw new RefusedError(502, 'NotATrigger', `what was reached is no trigger: it answered ${status} without JSON`)
  }
  const [state, ready, of, causes] = [stringAt(answer, 'state'), answer['ready'], answer['of'], answer['causes']]
  return {
    status,
    outcome: stringAt(answer, 'outcome') ?? 'refused',
    reason: stringAt(answer, 'reason') ?? '',
    message: redacted(stringAt(answer, 'message') ?? ''),
    dryRun,
    ...(state !== undefined && { state }),
    ...(typeof ready === 'number' && typeof of === 'number' && { ready, of }),
    ...(Array.isArray(causes) && { causes: causes.map(cause => redacted(String(cause))) }),
  }
}

/** Returns the headers that the hook's `auth` requires, from its Secret if the user may read it. */
const proofOf = async (
  api: ApiConnection,
  hook: StoredObject,
  post: SignedPost,
): Promise<Readonly<Record<string, string>>> => {
  const auth = isReceiverHook(hook) ? authOf(hook.spec.auth) : undefined
  if (auth === undefined) return {}
  if (auth.form === 'sns') {
    const message = `this hook takes messages of ${auth.topicArn} alone, which Amazon signs: publish one there to try it`
    throw new RefusedError(409, 'NoCredentials', message)
  }
  if (auth.form === 'oidc') {
    const message = `this hook takes tokens of ${auth.issuer} alone, and only the sender gets one: let the sender post`
    throw new RefusedError(409, 'NoCredentials', message)
  }
  const headers = provingHeaders(await credentialsOf(api, hook, auth), post)
  if (headers) return headers
  const message = `Secret/${auth.secret} has a public key: only the sender can sign a post to this hook`
  throw new RefusedError(409, 'NoCredentials', message)
}

const credentialsOf = async (
  api: ApiConnection,
  { metadata: { namespace = '' }, spec }: StoredObject,
  auth: SecretAuth,
): Promise<Credentials> => {
  try {
    const found = credentialsIn(
      await ask(api, { method: 'GET', path: objectPath(secrets, namespace, auth.secret) }),
      auth,
      hasNamedURL(spec),
    )
    if ('reason' in found) throw new RefusedError(409, 'NoCredentials', found.message)
    return found
  } catch (error) {
    if (!(error instanceof ApiRefused)) throw error
    const message = `this hook asks for a proof that is in Secret/${auth.secret}: ${error.message}`
    throw new RefusedError(error.status, 'NoCredentials', message)
  }
}

/**
 * Returns the name of the Secret with the credentials for a post, or undefined if the hook needs
 * none.
 */
export const secretOfAuth = (hook: StoredObject): string | undefined => {
  const auth = isReceiverHook(hook) ? authOf(hook.spec.auth) : undefined
  return auth && 'secret' in auth ? auth.secret : undefined
}

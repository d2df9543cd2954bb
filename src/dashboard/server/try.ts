import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'
import { authOf, type SecretAuth } from '../../api/auth.ts'
import { credentialsIn, type Credentials } from '../../api/credentials.ts'
import { isReceiverHook } from '../../api/hook.ts'
import { isObject, stringAt, tryParseJson } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { ApiConnection, Outbound } from '../../environment/environment.ts'
import { redacted } from '../../environment/redact.ts'
import { Unreachable } from '../../environment/unreachable.ts'
import { objectPath } from '../../kube/paths.ts'
import { secrets } from '../../kube/resources.ts'
import type { Tried } from '../protocol.ts'
import { ask, ApiRefused } from './api.ts'
import { maxTryAnswerBytes, tryWithinMs } from './limits.ts'
import { Refused } from './refused.ts'

/** A hook's URL and token, from its status or from its Secret, read as the user. Throws {@link Refused}. */
export const urlOf = async (api: ApiConnection, hook: StoredObject): Promise<{ url: string; token: string }> => {
  const { name, namespace = '' } = hook.metadata
  const secretName = stringAt(hook, 'spec', 'token', 'secretName')
  if (secretName === undefined) {
    const url = stringAt(hook, 'status', 'triggerURL')
    const token = stringAt(hook, 'status', 'token')
    if (url === undefined || token === undefined) {
      throw new Refused(409, 'NoURL', `the controller has not published a URL for ${name} yet`)
    }
    return { url, token }
  }
  const secret = await ask(api, { method: 'GET', path: objectPath(secrets, namespace, secretName) })
  const url = decoded(secret, 'url')
  const token = decoded(secret, 'token')
  if (url === '' || token === '') {
    throw new Refused(409, 'NoURL', `the controller has not put a URL into Secret/${secretName} yet`)
  }
  return { url, token }
}

const decoded = (secret: unknown, key: string): string =>
  Buffer.from(stringAt(secret, 'data', key) ?? '', 'base64').toString()

/** Where posts for a hook go: the origin and path prefix before `/v1/trigger/`, without the token. */
export const triggerBaseOf = (url: string): string | undefined => {
  const end = url.indexOf('/v1/trigger/')
  return end > 0 && URL.canParse(url) && /^https?:/.test(url) ? url.slice(0, end) : undefined
}

export interface Trial {
  readonly dryRun: boolean
  /** The delivery's name: a double click is one delivery. */
  readonly key: string
  readonly body?: string
}

/**
 * Posts once to the trigger. Of the hook only the token is taken: where the post goes is `triggerBase`, or, on loopback,
 * where the hook's URL leads. No redirect is followed.
 */
export const tryHook = async (
  api: ApiConnection,
  outbound: Outbound,
  triggerBase: string | undefined,
  hook: StoredObject,
  trial: Trial,
): Promise<Tried> => {
  const { token, url } = await urlOf(api, hook)
  const base = triggerBase ?? triggerBaseOf(url)
  if (base === undefined) throw new Refused(409, 'NoURL', 'the URL of this hook is none that can be posted to')
  const body = trial.body ?? ''
  const proof = await proofOf(api, hook, body)
  try {
    const answer = await outbound({
      method: 'POST',
      url: `${base}/v1/trigger/${encodeURIComponent(token)}${trial.dryRun ? '?dryRun=true' : ''}`,
      headers: {
        'idempotency-key': trial.key,
        ...(body === '' ? {} : { 'content-type': 'application/json' }),
        ...proof,
      },
      ...(body === '' ? {} : { body }),
      timeoutMs: tryWithinMs,
      mostBytes: maxTryAnswerBytes,
    })
    return triedOf(answer.status, answer.body, trial.dryRun)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    throw new Refused(
      502,
      'TriggerUnreachable',
      `the trigger at ${base} cannot be reached from here: ${redacted(error.message)}. A name that ends in .svc is known inside the cluster alone; set --trigger-url, or forward a port to the trigger's Service`,
    )
  }
}

const triedOf = (status: number, body: string, dryRun: boolean): Tried => {
  const answer = tryParseJson(body)
  if (!isObject(answer)) {
    throw new Refused(502, 'NotATrigger', `what was reached is no trigger: it answered ${status} without JSON`)
  }
  return {
    status,
    outcome: stringAt(answer, 'outcome') ?? 'refused',
    reason: stringAt(answer, 'reason') ?? '',
    message: redacted(stringAt(answer, 'message') ?? ''),
    dryRun,
  }
}

/** The header that proves what the hook's `auth` asks for, from its Secret where the user may read it. */
const proofOf = async (
  api: ApiConnection,
  hook: StoredObject,
  body: string,
): Promise<Readonly<Record<string, string>>> => {
  const auth = isReceiverHook(hook) ? authOf(hook.spec.auth) : undefined
  if (auth === undefined) return {}
  if (auth.form === 'sns') {
    const message = `this hook takes messages of ${auth.topicArn} alone, which Amazon signs: publish one there to try it`
    throw new Refused(409, 'NoCredentials', message)
  }
  const credentials = await credentialsOf(api, hook.metadata.namespace ?? '', auth)
  switch (credentials.form) {
    case 'bearer':
      return { authorization: `Bearer ${credentials.token.toString()}` }
    case 'basic':
      return { authorization: `Basic ${credentials.userAndPassword.toString('base64')}` }
    case 'hmac':
      return {
        [credentials.header.toLowerCase()]:
          credentials.prefix + createHmac('sha256', credentials.key).update(body).digest('hex'),
      }
  }
}

const credentialsOf = async (api: ApiConnection, namespace: string, auth: SecretAuth): Promise<Credentials> => {
  try {
    const found = credentialsIn(
      await ask(api, { method: 'GET', path: objectPath(secrets, namespace, auth.secret) }),
      auth,
    )
    if ('lacks' in found) throw new Refused(409, 'NoCredentials', found.lacks)
    return found
  } catch (error) {
    if (!(error instanceof ApiRefused)) throw error
    const message = `this hook asks for a proof that is in Secret/${auth.secret}: ${error.message}`
    throw new Refused(error.status, 'NoCredentials', message)
  }
}

/** The Secret that holds what a post to this hook has to prove, where it has to. */
export const secretOfAuth = (hook: StoredObject): string | undefined => {
  const auth = isReceiverHook(hook) ? authOf(hook.spec.auth) : undefined
  return auth && 'secret' in auth ? auth.secret : undefined
}

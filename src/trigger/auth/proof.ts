import { unreadableSecret, type SecretAuth, type TopicAuth } from '../../api/auth.ts'
import { byEntry, nobody, type Proved } from '../../api/by.ts'
import type { Accounts } from '../../api/bind-command.ts'
import { credentialsIn, keysOf, tooLargeSecret, type Credentials } from '../../api/credentials.ts'
import { refusal } from '../answer.ts'
import { shownBy, type AuthFailure } from './shown.ts'
import type { ReadSecret } from './secrets.ts'
import type { Clock, Metrics } from '../../environment/environment.ts'
import { parseTime } from '../../environment/time.ts'
import { sns } from '../../senders/sns.ts'
import type { CheckGenuine } from '../genuine.ts'
import type { LiveHook } from '../hook.ts'
import { bearerChallenge, type IdTokens } from './id-tokens.ts'
import type { Refused } from '../posted.ts'
import type { AuthBody } from './signed.ts'
import type { ReadMessage } from '../reading/message.ts'

/**
 * Checks a post against the hook's `auth`, and says who has sent it. Reads the body only if it is
 * signed. `pathSecret` is the secret in the path of the post, if it has one.
 */
export type CheckAuth = (
  hook: LiveHook,
  headers: Readonly<Record<string, string>>,
  body: AuthBody,
  pathSecret?: string,
) => Promise<AuthFailure | Proved>

/**
 * Returns the check. `accounts` are the installation's service accounts, for the command that
 * grants a right.
 */
export const checkAuthOf = (
  clock: Pick<Clock, 'now'>,
  readSecret: ReadSecret,
  checkGenuine: CheckGenuine,
  idTokens: Pick<IdTokens, 'check'>,
  accounts: Accounts,
): CheckAuth => {
  const credentialsOf = async (
    { hasNamedURL, namespace }: LiveHook,
    auth: SecretAuth,
  ): Promise<Credentials | AuthFailure> => {
    const read = await readSecret(namespace, auth.secret, keysOf(auth))
    if (read === 'unreachable') {
      const message = `can't read Secret/${auth.secret}, which auth names`
      return { outcome: 'unavailable', reason: 'ApiUnreachable', message }
    }
    if (read === 'forbidden') {
      return { outcome: 'failed', reason: 'Forbidden', message: unreadableSecret('trigger', namespace, auth, accounts) }
    }
    if (read === 'too large') return { outcome: 'failed', reason: 'AuthSecretTooLarge', message: tooLargeSecret(auth) }
    const credentials = credentialsIn(read.secret, auth, hasNamedURL)
    return 'form' in credentials ? credentials : { outcome: 'failed', ...credentials }
  }

  const barOtherTopics = async (hook: LiveHook, { topicArn }: TopicAuth, body: AuthBody): Promise<Refused | Proved> => {
    const sent = await body.sent(hook)
    if ('refused' in sent) return sent
    const read = await body.message(hook)
    if ('refused' in read) return isOverloaded(read) ? read : unauthorized
    // Checks the topic first: a message of another topic needs no certificate.
    if (!isOfTopic(read.message, topicArn)) return unauthorized
    const verdict = await checkGenuine(hook, read.message)
    if (verdict === 'genuine') return isPast(hook, publishedAt(read.message), clock.now()) ? unauthorized : nobody
    return verdict === 'refused' ? unauthorized : { refused: refusal(503, 'NotVerified') }
  }

  return async (hook, headers, body, pathSecret) => {
    const { auth } = hook
    if (!auth) return nobody
    if (pathSecret !== undefined && auth.form !== 'path') return unauthorized
    if (auth.form === 'sns') return await barOtherTopics(hook, auth, body)
    if (auth.form === 'oidc') return await idTokens.check(hook, auth, headers)
    const credentials = await credentialsOf(hook, auth)
    if (!('form' in credentials)) return credentials
    const shown = shownBy(credentials, headers, clock.now(), pathSecret)
    if (typeof shown === 'number') {
      const challenge = challenges[credentials.form]
      return provedBy(auth, shown) ?? { refused: refusal(401, 'Unauthorized', challenge) }
    }
    const read = await body.sent(hook)
    if ('refused' in read) return read
    return provedBy(auth, shown(read.body)) ?? unauthorized
  }
}

/** Returns by which entry of its Secret a post is proved. Undefined if by none. */
const provedBy = (auth: SecretAuth, place: number): Proved | undefined => {
  const key = [auth.form === 'basic' ? 'password' : auth.key, auth.previousKey][place]
  return key === undefined ? undefined : { by: byEntry(auth.secret, key) }
}

/** Returns whether a message claims to be of a topic of Amazon SNS. Only its signature proves it. */
const isOfTopic = ({ delivery, proof }: ReadMessage, topicArn: string): boolean =>
  delivery.sender === sns.name && proof?.['TopicArn'] === topicArn

/** Returns when an SNS message was published, in milliseconds since the epoch. NaN if it does not say. */
const publishedAt = ({ proof }: ReadMessage): number => parseTime(proof?.['Timestamp'] ?? '')

/** Returns whether a message is older than the hook's memory of signed bodies. Then it may be a replay. */
const isPast = ({ replayWindowMs }: LiveHook, publishedAt: number, now: number): boolean =>
  replayWindowMs > 0 && !(now - publishedAt < replayWindowMs)

const unauthorized: Refused = { refused: refusal(401, 'Unauthorized') }

const isOverloaded = ({ refused }: Refused): boolean => refused !== 'no answer' && refused.status === 503

/** The header WWW-Authenticate (RFC 9110, section 11.6.1). */
const challenges = {
  bearer: bearerChallenge,
  basic: { 'www-authenticate': 'Basic realm="receiver-hooks", charset="UTF-8"' },
  header: undefined,
  path: undefined,
  hmac: undefined,
  standardWebhooks: undefined,
} as const satisfies Record<Credentials['form'], Readonly<Record<string, string>> | undefined>

export const countedAuth = (check: CheckAuth, metrics: Metrics): CheckAuth => {
  const proofs = metrics.counter(
    'receiverhooks_proofs_total',
    "Checks of a hook's `auth`, by form and result: accepted, refused, failed (a person must change the Secret, a right or the hook), unavailable, or unread (the signed body did not arrive).",
    ['form', 'result'],
  )
  return async (hook, ...given) => {
    const checked = await check(hook, ...given)
    if (hook.auth) proofs.add({ form: hook.auth.form, result: resultOf(checked) })
    return checked
  }
}

const resultOf = (checked: AuthFailure | Proved): string => {
  if ('by' in checked) return 'accepted'
  if ('outcome' in checked) return checked.outcome
  const { refused } = checked
  if (refused === 'no answer') return 'unread'
  return refused.status === 401 ? 'refused' : refused.status === 503 ? 'unavailable' : 'unread'
}

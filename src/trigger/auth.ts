import { unreadable, type SecretAuth, type TopicAuth } from '../api/auth.ts'
import type { Accounts } from '../api/bind-command.ts'
import { credentialsIn, keysOf, tooLargeSecret, type Credentials } from '../api/credentials.ts'
import type { Outcome } from '../api/outcome.ts'
import { refusal } from './answer.ts'
import { shownBy } from './auth-proof.ts'
import type { ReadSecret } from './auth-secrets.ts'
import type { Clock } from '../environment/environment.ts'
import { parseTime } from '../environment/time.ts'
import { sns } from '../senders/sns.ts'
import type { CheckGenuine } from './genuine.ts'
import type { LiveHook } from './hook.ts'
import type { PostedBody, Refused } from './posted.ts'
import type { ReadMessage } from './reading/message.ts'

/** What a bar may ask for: the body of a post as it was sent, and what it says. */
export type BarredBody = Pick<PostedBody, 'message' | 'sent'>

/** Why a post is kept from a hook: it proves nothing, or it cannot be told whether it does. */
type Barred = Refused | Extract<Outcome, { outcome: 'failed' | 'unavailable' }>

/** Keeps a post from a hook whose `auth` it does not satisfy. Asks for the body only where that is what is signed. */
export type Bar = (
  hook: LiveHook,
  headers: Readonly<Record<string, string>>,
  body: BarredBody,
) => Promise<Barred | undefined>

/** `accounts` are the product's, for the command that gives a right. */
export const authBar = (
  clock: Pick<Clock, 'now'>,
  readSecret: ReadSecret,
  checkGenuine: CheckGenuine,
  accounts: Accounts,
): Bar => {
  const credentialsOf = async (namespace: string, auth: SecretAuth): Promise<Credentials | Barred> => {
    const read = await readSecret(namespace, auth.secret, keysOf(auth))
    if (read === 'unreachable') {
      const message = `Secret/${auth.secret}, which auth names, cannot be read`
      return { outcome: 'unavailable', reason: 'ApiUnreachable', message }
    }
    if (read === 'forbidden') {
      return { outcome: 'failed', reason: 'Forbidden', message: unreadable('trigger', namespace, auth, accounts) }
    }
    if (read === 'too large') return { outcome: 'failed', reason: 'AuthSecretTooLarge', message: tooLargeSecret(auth) }
    const credentials = credentialsIn(read.secret, auth)
    return 'form' in credentials ? credentials : { outcome: 'failed', ...credentials }
  }

  const barOtherTopics = async (
    hook: LiveHook,
    { topicArn }: TopicAuth,
    body: BarredBody,
  ): Promise<Refused | undefined> => {
    const sent = await body.sent(hook)
    if ('refused' in sent) return sent
    const read = await body.message(hook)
    if ('refused' in read) return isOverloaded(read) ? read : unauthorized
    // The topic first: a message of another one is not worth a certificate.
    if (!isOfTopic(read.message, topicArn)) return unauthorized
    const verdict = await checkGenuine(hook, read.message)
    if (verdict === 'genuine') return isPast(hook, publishedAt(read.message), clock.now()) ? unauthorized : undefined
    return verdict === 'refused' ? unauthorized : { refused: refusal(503, 'NotVerified') }
  }

  return async (hook, headers, body) => {
    const { auth, namespace } = hook
    if (!auth) return undefined
    if (auth.form === 'sns') return await barOtherTopics(hook, auth, body)
    const credentials = await credentialsOf(namespace, auth)
    if (!('form' in credentials)) return credentials
    const shown = shownBy(credentials, headers, clock.now())
    if (shown === true) return undefined
    if (shown === false) return { refused: refusal(401, 'Unauthorized', challenges[credentials.form]) }
    const read = await body.sent(hook)
    if ('refused' in read) return read
    return shown(read.body) ? undefined : unauthorized
  }
}

/** True if a message says that it is of this topic of Amazon SNS. Whether that is so, only its signature shows. */
const isOfTopic = ({ delivery, proof }: ReadMessage, topicArn: string): boolean =>
  delivery.sender === sns.name && proof?.['TopicArn'] === topicArn

/** When a message of SNS was published, in milliseconds since the epoch, as its signature says; NaN if it does not say. */
const publishedAt = ({ proof }: ReadMessage): number => parseTime(proof?.['Timestamp'] ?? '')

/** Whether a message is older than its hook remembers what has counted: it may be one that has. */
const isPast = ({ replayWindowMs }: LiveHook, publishedAt: number, now: number): boolean =>
  replayWindowMs > 0 && !(now - publishedAt < replayWindowMs)

const unauthorized: Refused = { refused: refusal(401, 'Unauthorized') }

const isOverloaded = ({ refused }: Refused): boolean => refused !== 'no answer' && refused.status === 503

/** RFC 9110, section 11.6.1. */
const challenges = {
  bearer: { 'www-authenticate': 'Bearer realm="receiver-hooks"' },
  basic: { 'www-authenticate': 'Basic realm="receiver-hooks", charset="UTF-8"' },
  header: undefined,
  hmac: undefined,
  standardWebhooks: undefined,
} as const satisfies Record<Credentials['form'], Readonly<Record<string, string>> | undefined>

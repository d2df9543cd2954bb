import { authOf, type HmacWriting } from '../../src/api/auth.ts'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { credentialsIn, type Credentials } from '../../src/api/credentials.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import { reasons } from '../../src/api/reasons.ts'
import { read } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { shellWord } from '../snippets/shell-word.ts'
import type { Cluster } from './cluster.ts'
import { interactiveTimeoutMs } from './hooks.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { createHmac } from 'node:crypto'
import { keyOf } from '../../src/api/hash.ts'

/**
 * Makes the headers that a hook's `auth` requires of a post. They are made from the hook's Secret,
 * so the user must have the right to read the Secret. Throws if only the sender can make them.
 */
export const proofFor = async (
  { api }: Pick<Cluster, 'api'>,
  { metadata, spec }: ReceiverHook,
  post: SignedPost,
): Promise<Readonly<Record<string, string>>> => {
  const auth = authOf(spec.auth)
  if (auth === undefined) return {}
  if (auth.form === 'sns') {
    throw new CommandFailure(
      `this hook accepts only messages from ${auth.topicArn}, signed by Amazon: publish one with aws sns publish --topic-arn ${auth.topicArn} --message '{}'`,
      1,
    )
  }
  if (auth.form === 'oidc') {
    throw new CommandFailure(
      `this hook accepts only tokens from ${auth.issuer}, and only the sender gets one: let it post, or for a service account use curl with kubectl create token --audience ${shellWord(auth.audience)}`,
      1,
    )
  }
  const secret = await read(api, secrets, metadata.namespace, auth.secret, { timeoutMs: interactiveTimeoutMs })
  const credentials = credentialsIn(secret, auth, hasNamedURL(spec))
  if ('reason' in credentials) {
    throw new CommandFailure(`${credentials.message}\n${reasons[credentials.reason].todo}`, 1)
  }
  const headers = provingHeaders(credentials, post)
  if (headers) return headers
  throw new CommandFailure(
    `Secret/${auth.secret} has a public key: only the sender, who has the private one, can sign a post to this hook`,
    1,
  )
}

/** The parts of a post that its proof can cover. */
export interface SignedPost {
  readonly body: string
  /** The time of the post, in milliseconds since the epoch. */
  readonly now: number
  readonly id: string
}

/**
 * Returns the headers that prove a post to a hook, made with the present credentials. Returns
 * undefined if the hook checks with a public key, because only the sender has the private key.
 */
const provingHeaders = (credentials: Credentials, post: SignedPost): Readonly<Record<string, string>> | undefined => {
  switch (credentials.form) {
    case 'bearer':
      return { authorization: `Bearer ${credentials.tokens[0].toString()}` }
    case 'basic':
      return { authorization: `Basic ${credentials.usersAndPasswords[0].toString('base64')}` }
    case 'header':
      return { [credentials.header.toLowerCase()]: credentials.values[0].toString('latin1') }
    case 'path':
      // The URL has the proof.
      return {}
    case 'hmac':
      return hmacHeaders(credentials, credentials.keys[0], post)
    case 'standardWebhooks': {
      const [secret] = credentials.secrets
      if (secret.version === 'v1a') return undefined
      const [id, time] = [webhookId(post.id), secondsOf(post.now)]
      const signature = createHmac('sha256', secret.key).update(`${id}.${time}.${post.body}`).digest('base64')
      return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` }
    }
  }
}

const hmacHeaders = (
  { encoding, header, prefix, timestamp }: HmacWriting,
  key: Uint8Array,
  { body, now }: SignedPost,
): Readonly<Record<string, string>> => {
  const time = secondsOf(now)
  const before = timestamp === undefined ? '' : `${timestamp.prefix}${time}${timestamp.separator}`
  const signature = createHmac('sha256', key)
    .update(before + body)
    .digest(encoding ?? 'hex')
  return {
    [header.toLowerCase()]: prefix + signature,
    ...(timestamp && { [timestamp.header.toLowerCase()]: time }),
  }
}

const secondsOf = (ms: number): string => String(Math.floor(ms / 1000))

/**
 * Returns an ID that a hook accepts: 1 to 128 visible characters without a dot. Any other text is
 * hashed.
 */
const webhookId = (id: string): string => (/^[!-\-/-~]{1,128}$/.test(id) ? id : keyOf(id))

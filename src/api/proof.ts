import { createHmac } from 'node:crypto'
import type { HmacWriting } from './auth.ts'
import type { Credentials } from './credentials.ts'
import { keyOf } from './hash.ts'

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
export const provingHeaders = (
  credentials: Credentials,
  post: SignedPost,
): Readonly<Record<string, string>> | undefined => {
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

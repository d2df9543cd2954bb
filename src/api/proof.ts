import { createHmac } from 'node:crypto'
import type { HmacWriting } from './auth.ts'
import type { Credentials } from './credentials.ts'
import { keyOf } from './hash.ts'

/** What a post is signed with beside a secret. */
export interface SignedPost {
  readonly body: string
  /** In milliseconds since the epoch. */
  readonly now: number
  /** Which delivery it is. */
  readonly id: string
}

/**
 * Makes the headers of a post that proves what a hook asks for, with the present credentials. Undefined where only the sender
 * can: a hook that checks with a public key has nothing to sign with.
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

/** An ID that a hook takes: visible characters without a dot. Any other text is named by its hash. */
const webhookId = (id: string): string => (/^[!-\-/-~]{1,128}$/.test(id) ? id : keyOf(id))

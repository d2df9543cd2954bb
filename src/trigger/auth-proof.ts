import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Credentials } from '../api/credentials.ts'

type Headers = Readonly<Record<string, string>>

/**
 * Whether a post proves what is asked of it. `headers` have their names in lower case, and of one that was sent more than once
 * all values in one, which then proves nothing. Takes the same time whichever part of a secret is wrong.
 */
export const proves = (credentials: Credentials, headers: Headers, body: Uint8Array): boolean => {
  switch (credentials.form) {
    case 'bearer':
      return isSame(Buffer.from(sentAs('bearer', headers), 'latin1'), credentials.token)
    case 'basic': {
      const sent = sentAs('basic', headers)
      return isSame(base64.test(sent) ? Buffer.from(sent, 'base64') : nothing, credentials.userAndPassword)
    }
    case 'hmac': {
      const { header, key, prefix } = credentials
      const sent = valueOf(header.toLowerCase(), headers)
      const digits = sent.startsWith(prefix) ? sent.slice(prefix.length) : ''
      const signature = hexadecimal.test(digits) ? Buffer.from(digits, 'hex') : nothing
      return isSame(signature, createHmac('sha256', key).update(body).digest())
    }
  }
}

const nothing = Buffer.alloc(0)
const base64 = /^[A-Za-z0-9+/]+={0,2}$/
const hexadecimal = /^[0-9A-Fa-f]{64}$/

const valueOf = (name: string, headers: Headers): string => (Object.hasOwn(headers, name) ? (headers[name] ?? '') : '')

/** What stands behind the scheme in `Authorization` (RFC 9110, section 11.4); empty for another scheme. */
const sentAs = (scheme: 'bearer' | 'basic', headers: Headers): string => {
  const [, sentScheme = '', sent = ''] = /^(\S+) +(.*)$/.exec(valueOf('authorization', headers)) ?? []
  return sentScheme.toLowerCase() === scheme ? sent : ''
}

/** Compares digests, which have one length and tell nothing of what begins alike. */
const isSame = (one: Uint8Array, other: Uint8Array): boolean => timingSafeEqual(sha256(one), sha256(other))

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

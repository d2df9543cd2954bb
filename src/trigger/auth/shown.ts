import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import type { Auth, HmacWriting } from '../../api/auth.ts'
import type { Candidates, Credentials } from '../../api/credentials.ts'
import type { Outcome } from '../../api/outcome.ts'
import type { WebhookSecret } from '../../api/webhook-secret.ts'
import type { Refused } from '../posted.ts'
import { isNear, timedHead, valueOf, webhookHead, webhookValue, type Headers } from './signed.ts'

/** Why authentication failed: wrong credentials, or the check could not be made. */
export type AuthFailure = Refused | Extract<Outcome, { outcome: 'failed' | 'unavailable' }>

/** The place of the candidate that a post shows. -1 if it shows none. */
type Place = number

/** Which candidate a post shows. If its body is signed, a function that decides this from the body. */
export type Shown = Place | ((body: Uint8Array) => Place)

/**
 * Checks the authentication in a post's head. `headers` have names in lower case; the values of a
 * repeated header are joined, which then proves nothing. `now` is in milliseconds since the epoch.
 * All candidates are compared completely, so that the duration reveals nothing about the secret.
 * `pathSecret` is the end of the post's path, or empty.
 */
export const shownBy = (credentials: Credentials, headers: Headers, now: number, pathSecret = ''): Shown => {
  switch (credentials.form) {
    case 'bearer':
      return placeOf(Buffer.from(sentAs('bearer', headers), 'latin1'), credentials.tokens)
    case 'basic': {
      const sent = sentAs('basic', headers)
      return placeOf(base64.test(sent) ? Buffer.from(sent, 'base64') : nothing, credentials.usersAndPasswords)
    }
    case 'header':
      return placeOf(Buffer.from(valueOf(credentials.header, headers), 'latin1'), credentials.values)
    case 'path':
      return placeOf(Buffer.from(pathSecret, 'latin1'), credentials.values)
    case 'hmac':
      return shownByHmac(credentials, credentials.keys, headers, now)
    case 'standardWebhooks':
      return shownByWebhook(credentials.secrets, credentials.toleranceMs, headers, now)
  }
}

const shownByHmac = (writing: HmacWriting, keys: Candidates<Buffer>, headers: Headers, now: number): Shown => {
  const { encoding, header, prefix, timestamp } = writing
  const signatures = digestsIn(valueOf(header, headers), prefix, encoding ?? 'hex')
  const head = timestamp && timedHead(timestamp, headers)
  if (signatures.length === 0 || (timestamp && !(head && isNear(head, now, timestamp.toleranceMs)))) return none
  const before = head?.before ?? ''
  return body => {
    const made = keys.map(key => hmacOf(key, before, body))
    return Math.max(...signatures.map(signature => placeOf(signature, made)))
  }
}

/** The maximum number of signatures in a post. A sender needs one for each of its current secrets. */
const maxSignatures = 10
/**
 * The maximum number of key-pair signatures that are verified with each secret. Each takes 0.2 ms,
 * fifteen times as long as an HMAC. A sender that changes its key pair signs with both.
 */
const maxVerified = 2

const shownByWebhook = (
  secrets: Candidates<WebhookSecret>,
  toleranceMs: number,
  headers: Headers,
  now: number,
): Shown => {
  const head = webhookHead(headers)
  if (!head || !isNear(head, now, toleranceMs)) return none
  const signatures = webhookValue('signature', headers).split(' ')
  // Node joins the values of a repeated header with a comma and a blank. Such a header proves
  // nothing.
  if (signatures.length > maxSignatures || signatures.some(text => text.endsWith(','))) return none
  const known = secrets.map(secret => ({ secret, signatures: signaturesFor(secret, signatures) }))
  if (known.every(({ signatures }) => signatures.length === 0)) return none
  return body =>
    known.map(({ secret, signatures }) => signedBy(secret, signatures, head.before, body).includes(true)).indexOf(true)
}

const signatureOf = { v1: /^v1,([A-Za-z0-9+/]{43}=)$/, v1a: /^v1a,([A-Za-z0-9+/]{86}==)$/ } as const

/** Returns the signatures that a secret of this version may have made, decoded. Ignores the others. */
const signaturesFor = ({ version }: WebhookSecret, texts: readonly string[]): readonly Buffer[] => {
  const found = texts.flatMap(text => signatureOf[version].exec(text)?.slice(1) ?? [])
  return found.slice(0, version === 'v1' ? maxSignatures : maxVerified).map(encoded => Buffer.from(encoded, 'base64'))
}

/** Returns for each signature whether the secret has made it. */
const signedBy = (
  secret: WebhookSecret,
  signatures: readonly Buffer[],
  before: string,
  body: Uint8Array,
): readonly boolean[] => {
  if (secret.version === 'v1') {
    const digest = hmacOf(secret.key, before, body)
    return signatures.map(signature => isSame(signature, digest))
  }
  const key = createPublicKey({ key: Buffer.concat([spkiOfEd25519, secret.publicKey]), format: 'der', type: 'spki' })
  const text = Buffer.concat([Buffer.from(before, 'latin1'), body])
  return signatures.map(signature => verify(undefined, text, key, signature))
}

/** The bytes before the 32 bytes of a public Ed25519 key in its DER form (RFC 8410, section 4). */
const spkiOfEd25519 = Buffer.from('302a300506032b6570032100', 'hex')

const hmacOf = (key: Uint8Array, before: string, body: Uint8Array): Buffer =>
  createHmac('sha256', key).update(before, 'latin1').update(body).digest()

const nothing = Buffer.alloc(0)
const base64 = /^[A-Za-z0-9+/]+={0,2}$/
const digests = { hex: /^[0-9A-Fa-f]{64}$/, base64: /^[A-Za-z0-9+/]{43}=$/ } as const

/**
 * Returns the signatures in a header: one, or several separated by commas, as PagerDuty sends them
 * while its secret changes. Ignores those of another form. Node joins the values of a repeated
 * header with a comma and a blank. Such a header has no signature.
 */
const digestsIn = (sent: string, prefix: string, encoding: keyof typeof digests): readonly Buffer[] => {
  const texts = prefix.includes(',') ? [sent] : sent.split(',')
  if (texts.length > maxSignatures || texts.some(text => text.startsWith(' '))) return []
  return texts
    .filter(text => text.startsWith(prefix) && digests[encoding].test(text.slice(prefix.length)))
    .map(text => Buffer.from(text.slice(prefix.length), encoding))
}

/**
 * Returns the credentials in `Authorization` (RFC 9110, section 11.4). The text is empty if the
 * scheme is another.
 */
export const sentAs = (scheme: 'bearer' | 'basic', headers: Headers): string => {
  const [, sentScheme = '', sent = ''] = /^(\S+) +(.*)$/.exec(valueOf('authorization', headers)) ?? []
  return sentScheme.toLowerCase() === scheme ? sent : ''
}

const none: Place = -1

/** Returns which candidate a value equals. Compares it with all of them, so that the duration reveals nothing. */
const placeOf = (value: Uint8Array, candidates: readonly Uint8Array[]): Place =>
  candidates.map(candidate => isSame(value, candidate)).indexOf(true)

/**
 * Returns whether two values are equal. Compares their digests, which have the same length and do
 * not reveal equal beginnings.
 */
const isSame = (one: Uint8Array, other: Uint8Array): boolean => timingSafeEqual(sha256(one), sha256(other))

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** Returns headers without the one that `auth` compares as a secret, if it compares one of its own. */
export const withoutSecret = (
  headers: Readonly<Record<string, string>>,
  auth: Auth | undefined,
): Readonly<Record<string, string>> => {
  if (auth?.form !== 'header') return headers
  const { [auth.header.toLowerCase()]: _, ...others } = headers
  return others
}

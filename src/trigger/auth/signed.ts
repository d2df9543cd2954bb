import type { Auth, SignedTime } from '../../api/auth.ts'
import { keyOf } from '../../api/hash.ts'
import type { Delivery } from '../../api/delivery.ts'
import type { Signed } from '../../record/context.ts'
import { namedOnce } from '../../senders/identity.ts'
import { signedText } from '../../senders/sns-signature.ts'
import type { LiveHook } from '../hook.ts'
import type { PostedBody, Refused } from '../posted.ts'

/** What authentication may need: the body as it was sent, and its parsed content. */
export type AuthBody = Pick<PostedBody, 'message' | 'sent'>

/**
 * The signed part of a post. A second post with an equal signed part does not count, even if it has
 * another idempotency key.
 */
export interface SignedPart {
  readonly signed: Signed | undefined
  /** The idempotency key that the signature covers. Undefined if it covers none. */
  readonly id?: string | undefined
}

/** No signed part: the hook does not limit how often one counts. */
export const unsigned: SignedPart = { signed: undefined }

/**
 * Returns the part of a post that a hook counts only once, regardless of the idempotency key. It is
 * the text of an HMAC, or the members of an SNS message that Amazon signed. If a time is signed
 * too, the part counts only once for as long as a post with that time is accepted.
 */
export const signedOf = async (hook: LiveHook, headers: Headers, body: AuthBody): Promise<SignedPart | Refused> => {
  const { auth, replayWindowMs } = hook
  const timed = auth && timedPart(auth, headers)
  const withinMs = timed?.withinMs ?? replayWindowMs
  if (withinMs === 0) return unsigned
  if (auth?.form === 'sns') {
    const read = await body.message(hook)
    if ('refused' in read) return read
    return { signed: { body: keyOf(signedText(read.message.proof ?? {}) ?? ''), withinMs } }
  }
  const sent = await body.sent(hook)
  if ('refused' in sent) return sent
  const { before, id } = timed?.head ?? { before: '' }
  return { signed: { body: keyOf(Buffer.concat([Buffer.from(before, 'latin1'), sent.body])), withinMs }, id }
}

/**
 * Returns the signed text before the body, and how long the signed part counts only once. Undefined
 * if the hook's `auth` signs no time, or if the time is not valid.
 */
const timedPart = (
  auth: Auth,
  headers: Headers,
): { readonly head: SignedHead; readonly withinMs: number } | undefined => {
  switch (auth.form) {
    case 'hmac': {
      const head = auth.timestamp && timedHead(auth.timestamp, headers)
      return head && auth.timestamp && { head, withinMs: countsOnceMs(auth.timestamp.toleranceMs) }
    }
    case 'standardWebhooks': {
      const head = webhookHead(headers)
      return head && { head, withinMs: countsOnceMs(auth.toleranceMs) }
    }
    case 'basic':
    case 'bearer':
    case 'header':
    case 'oidc':
    case 'path':
    case 'sns':
      return undefined
  }
}

/**
 * Returns the delivery with its signed identity. A signed key replaces any other: with an unsigned
 * `Idempotency-Key`, a captured post would count again. A signed body without a key is itself the
 * key, for as long as the body counts only once.
 */
export const namedBySigned = (delivery: Delivery, { id, signed }: SignedPart): Delivery => {
  if (id !== undefined) return { ...delivery, identity: namedOnce(`webhook-id:${id}`) }
  return delivery.identity || !signed
    ? delivery
    : { ...delivery, identity: { key: `signed-body:${signed.body}`, withinMs: signed.withinMs } }
}

export type Headers = Readonly<Record<string, string>>

/** The part of a post's signed text that comes before its body. */
export interface SignedHead {
  /** The signed text that comes before the body. */
  readonly before: string
  /** When it was signed, in milliseconds since the epoch. */
  readonly at: number
  /** The signed idempotency key. Undefined if there is none. */
  readonly id?: string
}

/** Returns the value of a header. The given name may have capitals. Empty if the header is missing. */
export const valueOf = (name: string, headers: Headers): string => {
  const lower = name.toLowerCase()
  return Object.hasOwn(headers, lower) ? (headers[lower] ?? '') : ''
}

/**
 * Returns the signed text before the body of a post with a signed time, or undefined without a
 * valid time.
 */
export const timedHead = ({ header, prefix, separator }: SignedTime, headers: Headers): SignedHead | undefined => {
  const time = valueOf(header, headers)
  return seconds.test(time) ? { before: `${prefix}${time}${separator}`, at: Number(time) * 1000 } : undefined
}

/**
 * Returns the value of a header of Standard Webhooks. Svix begins the names of these headers with
 * its own.
 */
export const webhookValue = (name: 'id' | 'signature' | 'timestamp', headers: Headers): string =>
  valueOf(`${Object.hasOwn(headers, 'webhook-id') ? 'webhook' : 'svix'}-${name}`, headers)

/**
 * Returns the signed text before the body of a post by Standard Webhooks. The ID must have no dot.
 * Otherwise a part of the ID could be read as the time, and a captured post could be sent with a
 * second key.
 */
export const webhookHead = (headers: Headers): SignedHead | undefined => {
  const [id, time] = [webhookValue('id', headers), webhookValue('timestamp', headers)]
  return ids.test(id) && seconds.test(time) ? { before: `${id}.${time}.`, at: Number(time) * 1000, id } : undefined
}

/** Returns whether a post was signed close to `now`. The sender's clock may be behind or ahead. */
export const isNear = ({ at }: SignedHead, now: number, toleranceMs: number): boolean =>
  Math.abs(now - at) <= toleranceMs

/**
 * Returns how long a text with a signed time counts only once, in milliseconds: as long as it may
 * be accepted. The sender's clock may be behind or ahead, and signed times are whole seconds.
 */
const countsOnceMs = (toleranceMs: number): number => 2 * toleranceMs + 1000

/** Seconds since the epoch. Node joins the values of a repeated header into a text that is no number. */
const seconds = /^[0-9]{1,12}$/
const ids = /^[!-\-/-~]{1,128}$/

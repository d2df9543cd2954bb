import type { Auth } from '../api/auth.ts'
import { keyOf } from '../api/hash.ts'
import type { Delivery } from '../api/delivery.ts'
import type { Signed } from '../record/remembered.ts'
import { namedOnce } from '../senders/identity.ts'
import { signedText } from '../senders/sns-signature.ts'
import type { AuthBody } from './auth.ts'
import type { LiveHook } from './hook.ts'
import type { Refused } from './posted.ts'
import { countsOnceMs, timedHead, webhookHead, type Headers, type SignedHead } from './signed-head.ts'

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

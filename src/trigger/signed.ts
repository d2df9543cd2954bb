import type { Auth } from '../api/auth.ts'
import { keyOf } from '../api/hash.ts'
import type { Delivery } from '../api/delivery.ts'
import type { Signed } from '../record/judge.ts'
import { namedOnce } from '../senders/identity.ts'
import { signedText } from '../senders/sns-signature.ts'
import type { BarredBody } from './auth.ts'
import type { LiveHook } from './hook.ts'
import type { Refused } from './posted.ts'
import { countsOnceMs, timedHead, webhookHead, type Headers, type SignedHead } from './signed-head.ts'

/** What a hook counts once of a post, however that is named, and the name that its sender has signed. */
export interface SignedPart {
  readonly signed: Signed | undefined
  /** The only name that counts; undefined where the sender signs none. */
  readonly id?: string | undefined
}

/** Of a post of which nothing is counted once. */
export const unsigned: SignedPart = { signed: undefined }

/**
 * Finds what a hook counts once of a post, whatever that is named: the text that an HMAC was made of, or the members of a
 * message of SNS that Amazon has signed. Of a post whose time is signed too, that is as long as it would be accepted.
 */
export const signedOf = async (hook: LiveHook, headers: Headers, body: BarredBody): Promise<SignedPart | Refused> => {
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

/** What stands before the body in what was signed with a time, and for how long that counts once. */
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
    case 'sns':
      return undefined
  }
}

/**
 * Names a delivery by what is signed. A signed name is the only one: by another, such as that of the header `Idempotency-Key`, a
 * captured post would count again. A signed body is a name where there is no other; it is another one when it may count again.
 */
export const namedBySigned = (delivery: Delivery, { id, signed }: SignedPart): Delivery => {
  if (id !== undefined) return { ...delivery, identity: namedOnce(`webhook-id:${id}`) }
  return delivery.identity || !signed
    ? delivery
    : { ...delivery, identity: { key: `signed-body:${signed.body}`, withinMs: signed.withinMs } }
}

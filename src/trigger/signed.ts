import { keyOf } from '../api/hash.ts'
import type { Delivery } from '../api/delivery.ts'
import type { Signed } from '../record/judge.ts'
import { signedText } from '../senders/sns-signature.ts'
import type { BarredBody } from './auth.ts'
import type { LiveHook } from './hook.ts'
import type { Refused } from './posted.ts'

/**
 * Finds what a hook counts once of a post, whatever that is named: the body that an HMAC was made of, or the members of a
 * message of SNS that Amazon has signed. Undefined where the hook counts by name alone.
 */
export const signedOf = async (
  hook: LiveHook,
  body: BarredBody,
): Promise<{ readonly signed: Signed | undefined } | Refused> => {
  const { auth, replayWindowMs: withinMs } = hook
  if (withinMs === 0) return { signed: undefined }
  switch (auth?.form) {
    case 'hmac': {
      const sent = await body.sent(hook)
      return 'refused' in sent ? sent : { signed: { body: keyOf(sent.body), withinMs } }
    }
    case 'sns': {
      const read = await body.message(hook)
      if ('refused' in read) return read
      return { signed: { body: keyOf(signedText(read.message.proof ?? {}) ?? ''), withinMs } }
    }
    case undefined:
    case 'basic':
    case 'bearer':
      return { signed: undefined }
  }
}

/** Names a delivery by its signed body, if nothing else does. It is another one when the body may count again. */
export const namedBySigned = (delivery: Delivery, signed: Signed | undefined): Delivery =>
  delivery.identity || !signed
    ? delivery
    : { ...delivery, identity: { key: `signed-body:${signed.body}`, withinMs: signed.withinMs } }

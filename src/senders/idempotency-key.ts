import type { Identity } from '../api/delivery.ts'
import { namedOnce } from './identity.ts'
import type { Message } from './sender.ts'

/** A Structured Field string (RFC 9651, section 3.3.3). Its parameters are ignored. */
const quoted = /^"((?:[^"\\]|\\["\\])*)"\s*(?:;.*)?$/

/**
 * Returns whether an identity comes from the header `Idempotency-Key`. The key does not show it: a hash
 * replaces a long one.
 */
export const isKeyOfSender = ({ ofHeader }: Identity): boolean => ofHeader === true

/**
 * Reads the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), which any sender
 * may set. The quotes are optional. An empty key counts as none.
 */
export const idempotencyKey = ({ headers }: Message): Identity | undefined => {
  const value = headers['idempotency-key']?.trim() ?? ''
  const key = quoted.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? value
  return key === '' ? undefined : { ...namedOnce(`idempotency-key:${key}`), ofHeader: true }
}

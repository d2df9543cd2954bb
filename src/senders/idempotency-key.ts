import type { Identity } from '../api/delivery.ts'
import { namedOnce } from './identity.ts'
import type { Message } from './sender.ts'

/** A Structured Field string (RFC 9651, section 3.3.3), with parameters that mean nothing here. */
const quoted = /^"((?:[^"\\]|\\["\\])*)"\s*(?:;.*)?$/

const prefix = 'idempotency-key:'

/** Whether a name is a key that the sender has given in that header. */
export const isKeyOfSender = ({ key }: Identity): boolean => key.startsWith(prefix)

/**
 * Reads the key that a sender may give any delivery, in the header `Idempotency-Key`
 * (draft-ietf-httpapi-idempotency-key-header). Its quotes may be left out. An empty key is none.
 */
export const idempotencyKey = ({ headers }: Message): Identity | undefined => {
  const value = headers['idempotency-key']?.trim() ?? ''
  const key = quoted.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? value
  return key === '' ? undefined : namedOnce(`${prefix}${key}`)
}

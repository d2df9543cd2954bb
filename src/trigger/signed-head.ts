import type { SignedTime } from '../api/auth.ts'

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

/**
 * Returns the value of a header. The given name may have capitals. Empty if the header is missing.
 */
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
export const countsOnceMs = (toleranceMs: number): number => 2 * toleranceMs + 1000

/**
 * Seconds since the epoch. Node joins the values of a repeated header into a text that is no
 * number.
 */
const seconds = /^[0-9]{1,12}$/
const ids = /^[!-\-/-~]{1,128}$/

import type { SignedTime } from '../api/auth.ts'

export type Headers = Readonly<Record<string, string>>

/** What a signed post says before its body. */
export interface SignedHead {
  /** The part of the signed text that is before the body. */
  readonly before: string
  /** When it was signed, in milliseconds since the epoch. */
  readonly at: number
  /** The name that is signed with it; undefined where none is. */
  readonly id?: string
}

/** The value of a header, whose name may have capitals; empty where there is none. */
export const valueOf = (name: string, headers: Headers): string => {
  const lower = name.toLowerCase()
  return Object.hasOwn(headers, lower) ? (headers[lower] ?? '') : ''
}

/** What stands before the body of a post that is signed with a time; undefined where it has no such time. */
export const timedHead = ({ header, prefix, separator }: SignedTime, headers: Headers): SignedHead | undefined => {
  const time = valueOf(header, headers)
  return seconds.test(time) ? { before: `${prefix}${time}${separator}`, at: Number(time) * 1000 } : undefined
}

/**
 * What stands before the body of a post that is signed as Standard Webhooks says. An ID has no dot: with one, a part of it could
 * be taken for the time, and a captured post would have a second name.
 */
export const webhookHead = (headers: Headers): SignedHead | undefined => {
  const [id, time] = [valueOf('webhook-id', headers), valueOf('webhook-timestamp', headers)]
  return ids.test(id) && seconds.test(time) ? { before: `${id}.${time}.`, at: Number(time) * 1000, id } : undefined
}

/** Whether a post was signed near enough to `now`. A clock may be behind or ahead. */
export const isNear = ({ at }: SignedHead, now: number, toleranceMs: number): boolean =>
  Math.abs(now - at) <= toleranceMs

/**
 * How long a text counts once that is signed with a time: for as long as it is accepted, by clocks that differ. A time has no
 * parts of a second.
 */
export const countsOnceMs = (toleranceMs: number): number => 2 * toleranceMs + 1000

/** Seconds since the epoch. Of a header that was sent twice Node joins both values, which is no number. */
const seconds = /^[0-9]{1,12}$/
const ids = /^[!-\-/-~]{1,128}$/

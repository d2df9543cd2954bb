import { checkedMilliseconds } from '../api/duration.ts'
import type { TokenSpec } from '../api/token-schema.ts'
import { parseTime } from '../environment/time.ts'
import type { Claims } from './claims.ts'

/**
 * When the tokens of a hook expire: at createdAt + n x expiresAfter, for n = 1, 2, 3 and so on. All
 * members are in milliseconds, and `createdAt` is since the epoch.
 */
export interface Expiry {
  readonly createdAt: number
  readonly expiresAfter: number
  /** How long before the expiry the next token is published. */
  readonly overlap: number
}

/**
 * Returns the expiry of a hook's tokens, or undefined if they do not expire. The durations in
 * `token` must be valid.
 */
export const expiryOf = (token: TokenSpec, creationTimestamp: string): Expiry | undefined =>
  token.expiresAfter === undefined
    ? undefined
    : {
        createdAt: parseTime(creationTimestamp),
        expiresAfter: checkedMilliseconds(token.expiresAfter),
        overlap: checkedMilliseconds(token.overlap),
      }

/** The end of the year 9999. A later time has no RFC 3339 form, so such a token does not expire. */
const endOfTime = 253_402_300_799_000

/** Returns the first expiry that is later than `now` plus the overlap, or undefined if there is none. */
export const nextExpiry = ({ createdAt, expiresAfter, overlap }: Expiry, now: number): number | undefined => {
  const passed = Math.floor((now + overlap - createdAt) / expiresAfter)
  const point = createdAt + Math.max(1, passed + 1) * expiresAfter
  return point <= endOfTime ? point : undefined
}

/**
 * Returns whether verified claims match the token that a hook should publish. A token that expires
 * must have one of the regular expiries, and more than the overlap left.
 * The next expiry is accepted too: another controller, whose clock is ahead, may have chosen it.
 * Otherwise two clocks would change the URL back and forth.
 */
export const isCurrent = (
  claims: Claims,
  wanted: { readonly uid: string; readonly rotation: number; readonly expiry?: Expiry | undefined },
  now: number,
): boolean => {
  if (claims.uid !== wanted.uid || claims.rotation !== wanted.rotation) return false
  const { expiry } = wanted
  const next = expiry && nextExpiry(expiry, now)
  if (!expiry || next === undefined) return claims.expiresAt === undefined
  return claims.expiresAt === next || claims.expiresAt === next + expiry.expiresAfter
}

/** Returns in how many milliseconds a current token must be replaced, or undefined if it does not expire. */
export const dueIn = (claims: Claims, overlap: number, now: number): number | undefined =>
  claims.expiresAt === undefined ? undefined : Math.max(0, claims.expiresAt - overlap - now)

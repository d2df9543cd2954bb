import type { Minted } from '../api/status.ts'
import { checkedMilliseconds } from '../api/duration.ts'
import type { TokenSpec } from '../api/hook.ts'
import { parseTime } from '../environment/time.ts'
import type { Claims } from './claims.ts'

/** When the tokens of a hook expire: at the points of a grid, createdAt + n x expiresAfter. All in milliseconds. */
export interface Expiry {
  readonly createdAt: number
  readonly expiresAfter: number
  /** How long before a token's expiry its successor appears. */
  readonly overlap: number
}

/** The expiry that a hook asks for; undefined when its tokens do not expire. Its fields must have been checked. */
export const expiryOf = (token: TokenSpec, creationTimestamp: string): Expiry | undefined =>
  token.expiresAfter === undefined
    ? undefined
    : {
        createdAt: parseTime(creationTimestamp),
        expiresAfter: checkedMilliseconds(token.expiresAfter),
        overlap: checkedMilliseconds(token.overlap),
      }

/** The end of the year 9999: a later moment has no RFC 3339 form, and a token that would live so long does not expire. */
const endOfTime = 253_402_300_799_000

/** The first point of the grid that is later than `now` by more than the overlap; undefined when it is out of sight. */
export const nextExpiry = ({ createdAt, expiresAfter, overlap }: Expiry, now: number): number | undefined => {
  const passed = Math.floor((now + overlap - createdAt) / expiresAfter)
  const point = createdAt + Math.max(1, passed + 1) * expiresAfter
  return point <= endOfTime ? point : undefined
}

/**
 * Whether verified claims are those that a hook's published token should have. A token that expires is current while
 * it stands on the grid and more than the overlap is left of it. The point after the next is allowed as well: another
 * controller, whose clock is ahead, may have chosen it, and two clocks must not make a URL go back and forth.
 */
export const isCurrent = (
  claims: Claims,
  wanted: { readonly uid: string; readonly rotation: number; readonly expiry?: Expiry | undefined },
  now: number,
): boolean => {
  if (claims.uid !== wanted.uid || claims.rotation !== wanted.rotation) return false
  const next = wanted.expiry && nextExpiry(wanted.expiry, now)
  if (next === undefined) return claims.expiresAt === undefined
  return claims.expiresAt === next || claims.expiresAt === next + (wanted.expiry?.expiresAfter ?? 0)
}

/** How many milliseconds from `now` a current token has to be replaced; undefined when it does not expire. */
export const dueIn = (claims: Claims, overlap: number, now: number): number | undefined =>
  claims.expiresAt === undefined ? undefined : Math.max(0, claims.expiresAt - overlap - now)

/** What a hook, as far as it is known here, says to a token that was verified. */
export type Acceptance =
  | 'accepted'
  /** Replaced by a later rotation, and its overlap is over. */
  | 'rotated'
  /** This copy of the hook cannot judge it: it is of a later rotation, or of another hook of that name. Read the hook. */
  | 'newer than known'

/**
 * Decides whether a hook accepts a token with these claims at `now`. A token of a previous rotation
 * is accepted until its overlap is over. It is also accepted as long as the controller has published
 * nothing newer, since no sender can have another. An overlap of 0 cuts off every previous token at
 * once, regardless of the status.
 */
export const acceptance = (
  claims: Claims,
  hook: {
    readonly uid: string
    readonly rotation: number
    readonly overlapMs: number
    readonly minted?: Minted | undefined
  },
  now: number,
): Acceptance => {
  const { uid, rotation, overlapMs, minted } = hook
  if (claims.uid !== uid || claims.rotation > rotation) return 'newer than known'
  if (claims.rotation === rotation) return 'accepted'
  if (overlapMs === 0 || !minted) return 'rotated'
  if (claims.rotation === minted.rotation) return 'accepted'
  const { previous } = minted
  return claims.rotation === previous?.rotation && now < parseTime(previous.acceptedUntil) ? 'accepted' : 'rotated'
}

import type { Version } from './target/target.ts'

/** A step, by the count before and after it. */
interface Move {
  readonly from: number
  readonly to: number
}

/**
 * Returns the count that a write with a mark has left, by a version of its target. Undefined if the version does not
 * show it: somebody else has set the count, or the object says by itself that its count is another.
 */
export const countLeftBy = (mark: string, version: Version | undefined): number | undefined =>
  version?.mark === mark && version.lastWord ? version.count : undefined

/**
 * Returns the moves of one write as they were really made. A webhook may have put the count `left` in the place of `to`.
 * What it has kept from the count must not be taken back later. Moves in both directions stay as they are.
 */
export const asLeft = <T extends Move>(moves: readonly T[], to: number, left: number | undefined): readonly T[] => {
  const isUp = moves.every(move => move.to >= move.from)
  if (left === undefined || left === to || isUp === moves.every(move => move.to <= move.from)) return moves
  const placeOf = (count: number): number =>
    count === to ? left : isUp ? Math.min(count, left) : Math.max(count, left)
  return moves.map(move => ({ ...move, from: placeOf(move.from), to: placeOf(move.to) }))
}

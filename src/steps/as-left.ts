import type { Version } from './target/target.ts'

/** A step, by the count before and after it. */
interface Move {
  readonly from: number
  readonly to: number
}

/** A marked write of the count `to`. */
interface Written {
  readonly mark: string
  readonly to: number
}

/**
 * Returns the moves of one write as they were really made, by a version of its target. A webhook may have put another
 * count in the place of the written one. What it has kept from the count must not be taken back later. Moves in both
 * directions stay as they are. So do all if the version does not show what the write has left. Then somebody else has set
 * the count, or the object says by itself that its count is another. `isOneWay`: all moves of the write go in the direction
 * of these. Otherwise none gets longer, because the webhook may have kept back another move.
 */
export const asLeft = <T extends Move>(
  moves: readonly T[],
  { mark, to }: Written,
  version: Version | undefined,
  isOneWay = false,
): readonly T[] => {
  if (version?.mark !== mark || !version.lastWord) return moves
  const left = version.count
  const isUp = goUp(moves)
  if (left === to || isUp === goDown(moves)) return moves
  const isLonger = isUp ? left > to : left < to
  if (isLonger && !isOneWay) return moves
  const placeOf = (count: number): number =>
    count === to ? left : isUp ? Math.min(count, left) : Math.max(count, left)
  return moves.map(move => ({ ...move, from: placeOf(move.from), to: placeOf(move.to) }))
}

export const goOneWay = (moves: readonly Move[]): boolean => goUp(moves) || goDown(moves)

const goUp = (moves: readonly Move[]): boolean => moves.every(({ from, to }) => to >= from)
const goDown = (moves: readonly Move[]): boolean => moves.every(({ from, to }) => to <= from)

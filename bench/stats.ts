/** What several runs of the same came to: the middle one, the lowest and the highest. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
  /** Every figure, in the order of the rounds. */
  readonly all: readonly number[]
}

/** Returns the value below which this share of the figures lies, between two of them where it falls there; NaN of none. */
export const quantile = (figures: readonly number[], share: number): number => {
  const sorted = figures.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] ?? NaN
  const above = sorted[Math.ceil(position)] ?? NaN
  return below + (above - below) * (position - Math.floor(position))
}

export const median = (figures: readonly number[]): number => quantile(figures, 0.5)

export const spreadOf = (figures: readonly number[]): Spread => ({
  median: median(figures),
  least: figures.length === 0 ? NaN : Math.min(...figures),
  most: figures.length === 0 ? NaN : Math.max(...figures),
  all: figures,
})

/**
 * Returns each figure by the one of the same round. What disturbs the machine for a round disturbs both sides of it, so these
 * scatter less than the figures do.
 */
export const ratiosOf = (figures: readonly number[], others: readonly number[]): readonly number[] =>
  figures.flatMap((figure, round) => {
    const other = others[round]
    return other === undefined || other === 0 ? [] : [figure / other]
  })

/** Returns whether the runs of two spreads could be runs of the same: neither median lies outside of what the other saw. */
export const agree = (one: Spread, other: Spread): boolean => within(one.median, other) && within(other.median, one)

const within = (figure: number, { least, most }: Spread): boolean => figure >= least && figure <= most

/**
 * Returns how a figure grows with size: the slope of its least-squares line on logarithmic axes. 1 is linear: ten times the size
 * costs ten times as much; below 1 it costs less. NaN of fewer than two sizes.
 */
export const exponentOf = (points: readonly (readonly [size: number, figure: number])[]): number => {
  const logs = points.map(([size, figure]) => [Math.log(size), Math.log(figure)] as const)
  const meanX = mean(logs.map(([x]) => x))
  const meanY = mean(logs.map(([, y]) => y))
  const covariance = mean(logs.map(([x, y]) => (x - meanX) * (y - meanY)))
  return covariance / mean(logs.map(([x]) => (x - meanX) ** 2))
}

const mean = (figures: readonly number[]): number => figures.reduce((sum, figure) => sum + figure, 0) / figures.length

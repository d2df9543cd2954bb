/**
 * The rows of a long list that are drawn. Drawing 5,000 rows would block the main thread for
 * seconds. Drawing 40 takes a tenth of a second.
 */
interface Window {
  /** `first` is the index of the first drawn row. `end` is the index after the last drawn row. */
  readonly first: number
  readonly end: number
  /** The height of the rows above, which are not drawn, in pixels. */
  readonly above: number
}

interface Viewport {
  readonly scrolled: number
  readonly height: number
  /** Where each row begins, in pixels, and where the last one ends. */
  readonly edges: readonly number[]
}

/** Returns where each row begins, and where the last one ends, from the heights of the rows. */
export const edgesOf = (heights: readonly number[]): readonly number[] => {
  let end = 0
  return [0, ...heights.map(height => (end += height))]
}

/** How many rows are drawn beyond each edge, so that fast scrolling shows no gap. */
const spare = 12

export const drawnRows = ({ edges, height, scrolled }: Viewport): Window => {
  const total = edges.length - 1
  const below = edges.findIndex(edge => edge >= scrolled + height)
  const end = below === -1 ? total : Math.min(total, below + spare)
  const first = Math.max(0, Math.min(end, edges.findLastIndex(edge => edge <= scrolled) - spare))
  return { first, end, above: edges[first] ?? 0 }
}

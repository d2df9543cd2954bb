/**
 * The rows of a long list that are drawn. Drawing 5,000 rows would block the main thread for
 * seconds. Drawing 40 takes a tenth of a second.
 */
export interface Window {
  /** `first` is the index of the first drawn row. `end` is the index after the last drawn row. */
  readonly first: number
  readonly end: number
  /** The heights of the rows above and below, which are not drawn, in pixels. */
  readonly above: number
  readonly below: number
}

export interface Viewport {
  readonly scrolled: number
  readonly height: number
  readonly rowHeight: number
  readonly total: number
}

/** How many rows are drawn beyond each edge, so that fast scrolling shows no gap. */
const spare = 12

export const drawnRows = ({ height, rowHeight, scrolled, total }: Viewport): Window => {
  const end = Math.min(total, Math.max(0, Math.ceil((scrolled + height) / rowHeight) + spare))
  const first = Math.min(end, Math.max(0, Math.floor(scrolled / rowHeight) - spare))
  return { first, end, above: first * rowHeight, below: (total - end) * rowHeight }
}

/** Returns the scroll position at which a row is fully visible below a head of `head` pixels. */
export const scrolledTo = (index: number, { height, rowHeight, scrolled }: Viewport, head: number): number => {
  const top = index * rowHeight
  if (top < scrolled) return top
  const bottom = top + rowHeight + head
  return bottom > scrolled + height ? bottom - height : scrolled
}

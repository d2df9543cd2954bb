/** Which rows of a long list are drawn: 5,000 rows in the document cost seconds of the main thread, 40 a tenth of one. */
export interface Window {
  /** Index of the first row that is drawn, and of the one after the last. */
  readonly first: number
  readonly end: number
  /** How high what is left out is, in pixels. */
  readonly above: number
  readonly below: number
}

export interface Viewport {
  readonly scrolled: number
  readonly height: number
  readonly rowHeight: number
  readonly total: number
}

/** Rows beyond those that are seen, on either side, so that a fast scroll shows no gap. */
const spare = 12

export const windowOf = ({ height, rowHeight, scrolled, total }: Viewport): Window => {
  const end = Math.min(total, Math.max(0, Math.ceil((scrolled + height) / rowHeight) + spare))
  const first = Math.min(end, Math.max(0, Math.floor(scrolled / rowHeight) - spare))
  return { first, end, above: first * rowHeight, below: (total - end) * rowHeight }
}

/** How far to scroll so that a row is seen whole, below a head of `head` pixels. */
export const scrolledTo = (index: number, { height, rowHeight, scrolled }: Viewport, head: number): number => {
  const top = index * rowHeight
  if (top < scrolled) return top
  const bottom = top + rowHeight + head
  return bottom > scrolled + height ? bottom - height : scrolled
}

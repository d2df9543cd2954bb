/** Where the demo is drawn. */
export interface Terminal {
  readonly write: (text: string) => void
  /** The lines of the terminal; undefined where the output is no terminal. */
  readonly rows: () => number | undefined
}

/** Draws rows below a heading, one after another. */
export interface Screen {
  readonly add: (rows: readonly string[]) => void
}

/** What a terminal shows besides: the line of the cursor, and a little of what was printed before. */
const otherRows = 6

/**
 * Returns the screen of a terminal or of a file. On a terminal the rows stay in one place, the newest at the bottom, and the oldest go when there is no room. Elsewhere
 * each row is printed once, so that a file or a pipe gets all of them.
 */
export const screenOf = (heading: string, { rows: height, write }: Terminal): Screen => {
  write(`\n${heading}\n`)
  let drawn: readonly string[] = []
  return {
    add: rows => {
      const lines = height()
      if (lines === undefined) {
        write(rows.map(row => `${row}\n`).join(''))
        return
      }
      const room = Math.max(lines - otherRows, 1)
      const shown = [...drawn, ...rows].slice(-room)
      const up = drawn.length === 0 ? '' : `\u001B[${drawn.length}A`
      // Each line is cleared to its end, and all below the last one: the terminal may have become smaller.
      write(`${up}${shown.map(row => `${row}\u001B[K\n`).join('')}\u001B[J`)
      drawn = shown
    },
  }
}

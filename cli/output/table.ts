import type { Paint, Style } from './colour.ts'

export type TableCell = string | { readonly text: string; readonly style?: Style }

/**
 * How many blanks are between two columns. The first number that fits into the terminal is used.
 */
const gaps = [3, 2, 1] as const

/**
 * Formats rows in columns like kubectl. In a narrow terminal the gaps shrink first, then the widest
 * column is cut. Without a width, as for a pipe, nothing is cut.
 */
export const table = (
  titles: readonly string[],
  rows: readonly (readonly TableCell[])[],
  paint: Paint,
  width: number | undefined,
): string => {
  const cells = [titles, ...rows].map(row => row.map(plainCell))
  const natural = titles.map((_, column) => Math.max(...cells.map(row => lengthOf(row[column]?.text ?? ''))))
  const total = (gap: number): number => sum(natural) + gap * (titles.length - 1)
  const gap = gaps.find(candidate => width === undefined || total(candidate) <= width) ?? 1
  const widths = width === undefined ? natural : narrowed(natural, total(gap) - width)
  return cells
    .map((row, index) =>
      row
        .map(({ style, text }, column) => {
          const room = widths[column] ?? 0
          const shown = cut(text, room)
          const padding = column === row.length - 1 ? '' : ' '.repeat(Math.max(0, room - lengthOf(shown)) + gap)
          return paint(index === 0 ? 'strong' : style, shown) + padding
        })
        .join('')
        .trimEnd(),
    )
    .map(line => `${line}\n`)
    .join('')
}

const plainCell = (cell: TableCell): { readonly text: string; readonly style?: Style } =>
  typeof cell === 'string' ? { text: printable(cell) } : { ...cell, text: printable(cell.text) }

/**
 * Replaces control characters by blanks. A text from an object may contain control characters,
 * which would move the cursor.
 */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ')

/** Splits a text into characters, not into UTF-16 code units. */
const charactersOf = (text: string): string[] => Array.from(text)
const lengthOf = (text: string): number => charactersOf(text).length
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

/** A column that is cut keeps at least this width, in characters. */
const minWidth = 8

/**
 * Makes the widest columns narrower, one character at a time, until `excess` characters are gone.
 * If that is impossible, changes nothing. The terminal then wraps the lines, which stay complete.
 */
const narrowed = (widths: readonly number[], excess: number): readonly number[] => {
  const now = [...widths]
  for (let left = excess; left > 0; left--) {
    const widest = Math.max(...now)
    if (widest <= minWidth) return widths
    now[now.lastIndexOf(widest)] = widest - 1
  }
  return now
}

const cut = (text: string, room: number): string =>
  lengthOf(text) <= room
    ? text
    : `${charactersOf(text)
        .slice(0, Math.max(0, room - 1))
        .join('')}…`

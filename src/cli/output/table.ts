import type { Paint, Style } from './colour.ts'

export type TableCell = string | { readonly text: string; readonly style?: Style }

/** The blanks between columns, from wide to narrow terminals. */
const gaps = [3, 2, 1] as const

/**
 * Formats rows in columns like kubectl. In a narrow terminal the gaps shrink first, then the widest
 * column is cut. A pipe gets everything.
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
 * Replaces control characters by blanks. An object may hold any text, and they would move the
 * cursor.
 */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ')

/** Splits into characters, not into UTF-16 halves. */
const charactersOf = (text: string): string[] => Array.from(text)
const lengthOf = (text: string): number => charactersOf(text).length
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

/** The smallest width of a column. */
const minWidth = 8

/**
 * Shortens the widest columns one character at a time. If that is not enough, it changes nothing: a
 * line that the terminal wraps should be complete.
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

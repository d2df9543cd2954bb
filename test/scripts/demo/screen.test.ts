import { expect, it } from 'vitest'
import { screenOf } from '../../../scripts/demo/screen.ts'

/** Returns what a terminal of a few lines shows in the end of what is written to it. */
const shownBy = (text: string): readonly string[] => {
  let lines: string[] = ['']
  let at = 0
  for (const [, up, clear, below, newline, other = ''] of text
    .replaceAll('\u001B[', '⎋')
    .matchAll(/⎋(\d+)A|(⎋K)|(⎋J)|(\n)|(.)/gu)) {
    if (up !== undefined) at -= Number(up)
    else if (below !== undefined) lines = [...lines.slice(0, at), '']
    else if (newline !== undefined) {
      at += 1
      lines[at] ??= ''
    } else if (clear === undefined) lines[at] += other
    // A row is drawn from its beginning.
    if (up !== undefined || newline !== undefined) lines = lines.map((line, index) => (index === at ? '' : line))
  }
  return lines
}

const drawn = (rows: readonly string[], height: number | undefined): string => {
  let text = ''
  const screen = screenOf('heading', { write: more => void (text += more), rows: () => height })
  for (const row of rows) screen.add([row])
  return text
}

it('on a terminal the rows stay in one place, and the oldest make room', () => {
  expect(shownBy(drawn(['1', '2', '3', '4', '5'], 9))).toEqual(['', 'heading', '3', '4', '5', ''])
})

it('into a file goes each row once, and nothing that moves a cursor', () => {
  expect(drawn(['1', '2', '3'], undefined)).toBe('\nheading\n1\n2\n3\n')
})

import type { Output } from '../../src/commands/shell.ts'
import { escapes } from './colour.ts'
import { messageLines } from './wrap.ts'

/** All control characters. ESC and CSI are among them, which begin escape sequences. */
const control = /[\p{Cc}]/gu

/**
 * Makes text safe for a terminal. Text from a cluster, an answer or a file can contain sequences
 * that move the cursor, set the title or type into the shell. Control characters are replaced by
 * visible symbols; this program's colours stay.
 */
export const forTerminal = (text: string): string =>
  text
    .split(escapes)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(control, pictureOf)))
    .join('')

/**
 * Returns the visible symbol of a control character (https://www.unicode.org/charts/PDF/U2400.pdf).
 * A line break and a tab stay.
 */
const pictureOf = (character: string): string => {
  if (character === '\n' || character === '\t') return character
  const code = character.charCodeAt(0)
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd'
}

/** Returns an output that wraps long lines at blanks, so that the terminal does not break words. */
export const readably = (output: Output): Output => ({
  ...output,
  write: text => {
    const width = output.columns()
    const lines = text.split('\n').flatMap(line => (/^\s/.test(line) ? [line] : messageLines(line, width)))
    output.write(lines.join('\n'))
  },
})

/** Returns an output that sends no control character to a terminal. A pipe gets every byte. */
export const safely = (output: Output): Output =>
  output.isTerminal
    ? {
        ...output,
        write: text => output.write(forTerminal(text)),
        rewriteLine: text => output.rewriteLine(forTerminal(text)),
      }
    : output

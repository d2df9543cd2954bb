import type { Output } from '../shell.ts'
import { escapes } from './colour.ts'
import { messageLines } from './wrap.ts'

/** Control characters but line break and tab, among them those that begin an escape sequence: ESC and CSI. */
const control = /[\p{Cc}]/gu

/**
 * Makes text safe for a terminal. Text from a cluster, an answer or a file can hold sequences that
 * move the cursor, set the title or type into the shell. Each control character is shown as a
 * picture of itself; colours pass.
 */
export const forTerminal = (text: string): string =>
  text
    .split(escapes)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(control, pictureOf)))
    .join('')

/** https://www.unicode.org/charts/PDF/U2400.pdf */
const pictureOf = (character: string): string => {
  if (character === '\n' || character === '\t') return character
  const code = character.charCodeAt(0)
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd'
}

/** An output that breaks lines of words at blanks where the terminal would break them inside of a word. */
export const readably = (output: Output): Output => ({
  ...output,
  write: text => {
    const width = output.columns()
    const lines = text.split('\n').flatMap(line => (/^\s/.test(line) ? [line] : messageLines(line, width)))
    output.write(lines.join('\n'))
  },
})

/** An output that sends a terminal no control character. A pipe gets every byte: a program reads it. */
export const safely = (output: Output): Output =>
  output.isTerminal ? { ...output, write: text => output.write(forTerminal(text)) } : output

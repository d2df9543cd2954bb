import type { Output } from '../shell.ts'
import { escapes } from './colour.ts'

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

/** An output that sends a terminal no control character. A pipe gets every byte: a program reads it. */
export const safely = (output: Output): Output =>
  output.isTerminal ? { ...output, write: text => output.write(forTerminal(text)) } : output

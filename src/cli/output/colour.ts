import { choice } from '../options.ts'
import type { Given } from '../command.ts'
import type { Shell } from '../shell.ts'

export type Style = 'good' | 'warning' | 'bad' | 'dim' | 'strong'

/** A text as it is printed: in colour, or as it is. */
export type Paint = (style: Style | undefined, text: string) => string

export const colourOption = choice(
  { flag: 'color', value: 'WHEN', means: 'colours: auto (on a terminal, unless NO_COLOR is set), always or never' },
  ['auto', 'always', 'never'],
  'auto',
)

/** ANSI's own eight colours, which each terminal shows as its user likes them. */
const codes: Readonly<Record<Style, string>> = { good: '32', warning: '33', bad: '31', dim: '2', strong: '1' }

/** The sequences that {@link paintFor} writes, and no others. It parts a text: every second part is one of them. */
export const escapes = new RegExp(`(\u001B\\[(?:0|${Object.values(codes).join('|')})m)`)

/** https://no-color.org */
export const paintFor = (given: Given, { env, out }: Pick<Shell, 'env' | 'out'>): Paint => {
  const when = given.get(colourOption)
  const wanted =
    when === 'always' || (when === 'auto' && out.isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb')
  return (style, text) =>
    style === undefined || !wanted || text === '' ? text : `\u001B[${codes[style]}m${text}\u001B[0m`
}

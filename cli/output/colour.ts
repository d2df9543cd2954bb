import { choice } from '../../src/commands/options.ts'
import type { ParsedLine } from '../../src/commands/command.ts'
import type { Shell } from '../../src/commands/shell.ts'

export type Style = 'good' | 'warning' | 'bad' | 'dim' | 'strong'

/** Returns a text with the colour of a style, or unchanged if there are no colours. */
export type Paint = (style: Style | undefined, text: string) => string

export const colourOption = choice(
  { flag: 'color', value: 'WHEN', means: 'colours: auto (on a terminal, unless NO_COLOR is set), always or never' },
  ['auto', 'always', 'never'],
  'auto',
)

/**
 * The codes of the styles in ANSI escape sequences. The colours are of the eight basic ones, which
 * each terminal shows as its user has chosen.
 */
const codes: Readonly<Record<Style, string>> = { good: '32', warning: '33', bad: '31', dim: '2', strong: '1' }

/**
 * Matches exactly the escape sequences of {@link paintFor}. If a text is split by it, texts and
 * sequences alternate.
 */
export const escapes = new RegExp(`(\u001B\\[(?:0|${Object.values(codes).join('|')})m)`)

/** Returns the function that colours texts for an output. It follows https://no-color.org. */
export const paintFor = (given: ParsedLine, { env, out }: Pick<Shell, 'env' | 'out'>): Paint => {
  const when = given.get(colourOption)
  const wanted =
    when === 'always' || (when === 'auto' && out.isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb')
  return (style, text) =>
    style === undefined || !wanted || text === '' ? text : `\u001B[${codes[style]}m${text}\u001B[0m`
}

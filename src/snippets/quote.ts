/**
 * Puts any text into a language so that it stands for exactly itself. What goes into a snippet comes from a hook, whose
 * author need not be the person that pastes it.
 */

/** A word of a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

/** A YAML scalar. JSON's strings are YAML's, and any text that could mean more is one. */
export const yamlText = (text: string): string =>
  /^[A-Za-z][\w./-]*$/.test(text) || /^https?:\/\/[\w.:/%~-]*[\w/]$/.test(text) ? textOrWord(text) : quoted(text)

/** Words that YAML 1.1 or 1.2 reads as something else than text. */
const words = new Set(['true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n'])
const textOrWord = (text: string): string => (words.has(text.toLowerCase()) ? quoted(text) : text)

/** A string of JSON in printable characters, which YAML wants (1.2, section 5.1). */
const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** A document of JSON. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/** A part of a comment, or of a sentence: one line, without what moves a cursor. */
export const plainText = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')

/** A string of a Go template, such as kubectl's. */
export const goText = (text: string): string => JSON.stringify(text)

/** Part of a workflow of GitHub Actions, which evaluates what stands in `${{ }}`, wherever it stands. */
export const githubText = (text: string): string => text.replaceAll('${{', "${{ '${{' }}")

/** Part of a file that Grafana provisions, where `$NAME` is a variable of its environment. */
export const grafanaText = (text: string): string => text.replaceAll('$', '$$$$')

/** A string of a resource template of Azure, where a bracket opens an expression. */
export const azureText = (text: string): string => (text.startsWith('[') ? `[${text}` : text)

/** A string of JavaScript. */
export const javascriptText = (text: string): string =>
  JSON.stringify(text)
    .replaceAll('\u2028', String.raw`\u2028`)
    .replaceAll('\u2029', String.raw`\u2029`)

/** A name for products that know letters, digits, "-" and "_" alone. */
export const wordName = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]/g, '-')

/** A name cut to a length; no name may end with what parts words. */
export const shortName = (text: string, length: number): string => text.slice(0, length).replace(/[-_.]+$/, '')

/** Lines of text as a member of YAML, `spaces` to the right: readable where YAML takes them as they are. */
export const yamlBlock = (text: string, spaces: number): string =>
  /^[\n\x20-\x7E]*$/.test(text) && !text.startsWith(' ') ? `|\n${indented(text, spaces)}` : quoted(`${text}\n`)

/** Moves each line of a text to the right. */
const indented = (text: string, spaces: number): string =>
  text
    .split('\n')
    .map(line => (line === '' ? line : ' '.repeat(spaces) + line))
    .join('\n')

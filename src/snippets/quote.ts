/**
 * Functions that quote a text for a language, so that the language reads it as plain text. A
 * snippet contains texts of a hook. The hook's author need not be the person who pastes the
 * snippet.
 */

/** Returns a text as one word of a POSIX shell, in quotes if necessary. */
export const shellWord = (text: string): string =>
  /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

/**
 * Returns a YAML scalar. A text that YAML could read as something else is written as a JSON string,
 * which YAML accepts.
 */
export const yamlText = (text: string): string =>
  /^[A-Za-z][\w./-]*$/.test(text) || /^https?:\/\/[\w.:/%~-]*[\w/]$/.test(text) ? textOrWord(text) : quoted(text)

/** Words that YAML 1.1 or 1.2 reads as something else, such as a boolean. */
const words = new Set(['true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n'])
const textOrWord = (text: string): string => (words.has(text.toLowerCase()) ? quoted(text) : text)

/** Returns a JSON string of printable characters only, as YAML requires (1.2, section 5.1). */
const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Returns a document of JSON. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/** Returns the text in one line without control characters, for a comment or a sentence. */
export const plainText = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')

/** Returns a string of a Go template, such as kubectl's. */
export const goText = (text: string): string => JSON.stringify(text)

/** Returns a part of a GitHub Actions workflow. GitHub evaluates `${{ }}` anywhere in it. */
export const githubText = (text: string): string => text.replaceAll('${{', "${{ '${{' }}")

/** Returns a part of a Grafana provisioning file. There `$NAME` is an environment variable. */
export const grafanaText = (text: string): string => text.replaceAll('$', '$$$$')

/**
 * Returns a string of an Azure resource template. A bracket at its beginning would start an
 * expression.
 */
export const azureText = (text: string): string => (text.startsWith('[') ? `[${text}` : text)

/** Returns a string of JavaScript. */
export const javascriptText = (text: string): string =>
  JSON.stringify(text)
    .replaceAll('\u2028', String.raw`\u2028`)
    .replaceAll('\u2029', String.raw`\u2029`)

/** Returns a name of letters, digits, "-" and "_", for products that accept no others. */
export const wordName = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]/g, '-')

/** Returns a name cut to a length, without a separator at its end. */
export const shortName = (text: string, length: number): string => text.slice(0, length).replace(/[-_.]+$/, '')

/** Returns the lines of a text as a YAML member, indented by `spaces`. */
export const yamlBlock = (text: string, spaces: number): string =>
  /^[\n\x20-\x7E]*$/.test(text) && !text.startsWith(' ') ? `|\n${indented(text, spaces)}` : quoted(`${text}\n`)

/** Indents each line of a text. */
const indented = (text: string, spaces: number): string =>
  text
    .split('\n')
    .map(line => (line === '' ? line : ' '.repeat(spaces) + line))
    .join('\n')

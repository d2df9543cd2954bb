/**
 * Functions that quote a text for a language, so that the language reads it as plain text. A
 * snippet contains texts of a hook. The hook's author need not be the person who pastes the
 * snippet.
 */

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

/** Returns a value as an indented JSON document that ends with a line break. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/** Returns the text in one line without control characters, for a comment or a sentence. */
export const plainText = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')

/**
 * Returns the text as a string constant of a Go template, which kubectl's `-o go-template` reads.
 */
export const goText = (text: string): string => JSON.stringify(text)

/**
 * Returns the text for any place in a GitHub Actions workflow. It escapes `${{`, which GitHub would
 * evaluate.
 */
export const githubText = (text: string): string => text.replaceAll('${{', "${{ '${{' }}")

/**
 * Returns the text for a Grafana provisioning file. It doubles `$`, because `$NAME` is an
 * environment variable there.
 */
export const grafanaText = (text: string): string => text.replaceAll('$', '$$$$')

/**
 * Returns the text for a string of an Azure resource template. A bracket at its beginning is
 * doubled, because it would start an expression.
 */
export const azureText = (text: string): string => (text.startsWith('[') ? `[${text}` : text)

/** Returns the text as a string constant of JavaScript, in double quotes. */
export const javascriptText = (text: string): string =>
  JSON.stringify(text)
    .replaceAll('\u2028', String.raw`\u2028`)
    .replaceAll('\u2029', String.raw`\u2029`)

/**
 * Returns the text as a name for products that accept only letters, digits, "-" and "_". It
 * replaces all other characters by "-".
 */
export const wordName = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]/g, '-')

/** Returns a name cut to a length, without a separator at its end. */
export const shortName = (text: string, length: number): string => text.slice(0, length).replace(/[-_.]+$/, '')

/**
 * Returns a text as the value of a YAML member: as a block that is indented by `spaces`, or as a
 * quoted string if a block cannot hold it.
 */
export const yamlBlock = (text: string, spaces: number): string =>
  /^[\n\x20-\x7E]*$/.test(text) && !text.startsWith(' ') ? `|\n${indented(text, spaces)}` : quoted(`${text}\n`)

/** Indents each line of a text. */
const indented = (text: string, spaces: number): string =>
  text
    .split('\n')
    .map(line => (line === '' ? line : ' '.repeat(spaces) + line))
    .join('\n')

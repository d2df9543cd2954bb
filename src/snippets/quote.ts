/** A word of a POSIX shell that stands for exactly this text. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

/** A YAML scalar that stands for exactly this text. JSON's strings are YAML's, and any text that could mean more is one. */
export const yamlText = (text: string): string =>
  /^[A-Za-z][\w./-]*$/.test(text) || /^https?:\/\/[\w.:/%~-]*[\w/]$/.test(text)
    ? textOrWord(text)
    : JSON.stringify(text)

/** Words that YAML 1.1 or 1.2 reads as something else than text. */
const words = new Set(['true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n'])
const textOrWord = (text: string): string => (words.has(text.toLowerCase()) ? JSON.stringify(text) : text)

/** Moves each line of a text to the right. */
export const indented = (text: string, spaces: number): string =>
  text
    .split('\n')
    .map(line => (line === '' ? line : ' '.repeat(spaces) + line))
    .join('\n')

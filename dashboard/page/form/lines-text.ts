import { isObject } from '../../../src/api/json.ts'

/**
 * Parses a list of texts, one in each line. A text can have commas, as the name of an LDAP group.
 * Returns undefined if there is none.
 */
export const listOfLines = (typed: string): readonly string[] | undefined => {
  const lines = linesIn(typed, '\n')
  return lines.length === 0 ? undefined : lines
}

/**
 * Parses names with values, such as `app=web`, separated by line breaks or commas. Returns
 * undefined if there is none.
 */
export const pairsOfLines = (typed: string): Readonly<Record<string, string>> | undefined => {
  const pairs = linesIn(typed, /[\n,]/).map((line): [string, string] => {
    const [name = '', ...value] = line.split('=')
    return [name.trim(), value.join('=').trim()]
  })
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
}

/** Returns the text to edit for a list, or for names with values. */
export const textOfLines = (value: unknown): string => {
  if (Array.isArray(value)) return value.join('\n')
  return isObject(value)
    ? Object.entries(value)
        .map(([name, text]) => `${name}=${String(text)}`)
        .join('\n')
    : ''
}

const linesIn = (typed: string, separator: string | RegExp): readonly string[] =>
  typed
    .split(separator)
    .map(line => line.trim())
    .filter(line => line !== '')

/*
 * The API server counts the characters of a text. JavaScript counts UTF-16 units, of which a character
 * has one or two. So a text is taken apart only if its number of units leaves both answers open.
 */

export const hasAtLeast = (text: string, characters: number): boolean =>
  text.length >= characters && (text.length > 2 * characters - 2 || charactersIn(text) >= characters)

export const hasAtMost = (text: string, characters: number): boolean =>
  text.length <= characters || (text.length <= 2 * characters && charactersIn(text) <= characters)

const charactersIn = (text: string): number => Array.from(text).length

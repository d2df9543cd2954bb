import { macros } from './language.ts'

/** Names from other languages, and what CEL calls them. */
const known: ReadonlyMap<string, string> = new Map([
  ...['payload', 'event', 'json', 'data', 'request', 'input', 'object', 'self'].map(name => [name, 'body'] as const),
  ...['params', 'parameters', 'args', 'url'].map(name => [name, 'query'] as const),
  ['includes', 'contains'],
  ['length', 'size'],
  ['len', 'size'],
  ['count', 'size'],
  ['match', 'matches'],
  ['test', 'matches'],
  ['some', 'exists'],
  ['any', 'exists'],
  ['every', 'all'],
  ['lower', 'lowerAscii'],
  ['toLower', 'lowerAscii'],
  ['toLowerCase', 'lowerAscii'],
  ['upper', 'upperAscii'],
  ['toUpper', 'upperAscii'],
  ['toUpperCase', 'upperAscii'],
])

const words: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
])

/**
 * Returns a question that proposes what the author may have meant by a wrong name, such as `did you
 * mean body?`. Undefined if no name is similar.
 */
export const didYouMean = (name: string, names: Iterable<string>): string | undefined => {
  const meant = known.get(name) ?? nearest(name, names)
  return meant === undefined ? undefined : `did you mean ${meant}?`
}

const nearest = (name: string, names: Iterable<string>): string | undefined => {
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const other of names) {
    const distance = distanceBetween(name.toLowerCase(), other.toLowerCase())
    if (distance <= Math.min(2, name.length / 2) && distance < (best?.distance ?? Infinity)) {
      best = { name: other, distance }
    }
  }
  return best?.name
}

/**
 * Returns how many letters must be added, removed or changed (Levenshtein). Words whose lengths
 * differ by more than 2 are infinitely far apart.
 */
const distanceBetween = (one: string, other: string): number => {
  if (Math.abs(one.length - other.length) > 2) return Infinity
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of one.split('').entries()) {
    const next = [i + 1]
    for (const [j, otherLetter] of other.split('').entries()) {
      const changed = (row[j] ?? 0) + (letter === otherLetter ? 0 : 1)
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? Infinity
}

/**
 * Returns what to write instead of something that cannot be parsed, given the texts before and
 * after it. Undefined if the mistake is not a known one.
 */
export const syntaxHint = (before: string, rest: string): string | undefined => {
  if (/^=[^=]/.test(rest)) return 'compare two values with =='
  if (/^&[^&]/.test(rest)) return 'write && for both'
  if (/^\|[^|]/.test(rest)) return 'write || for either'
  if (/^[\u201c\u201d\u2018\u2019]/.test(rest)) return 'use straight quotes for strings'
  const word = /(?:^|\W)(not)\s*$/.exec(before)?.[1] ?? /^\w+/.exec(rest)?.[0]
  const operator = word === undefined ? undefined : words.get(word)
  return operator === undefined ? undefined : `write ${operator} instead of ${word}`
}

/** Returns how to write a macro that was used like a function. Undefined if `name` is no macro. */
export const macroHint = (name: string): string | undefined => {
  const example = macros.get(name)
  return example === undefined ? undefined : `write it as in ${example}`
}

/**
 * Returns a hint for a name with a hyphen, such as headers.x-github-event, which CEL reads as a
 * subtraction.
 */
export const hyphenHint = (expression: string): string | undefined => {
  const [, root, name] = /(headers|query)\.(\w+(?:-\w+)+)/.exec(expression) ?? []
  return root === undefined || name === undefined ? undefined : `write ${root}['${name.toLowerCase()}']`
}

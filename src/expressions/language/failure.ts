import type { CelError, parse } from '@bufbuild/cel'
import { offsetOf, positionAt } from './mistake.ts'

/** Returns a function or an operator as people write it, such as `&&` for CEL's own name `_&&_`. */
export const displayed = (name: string): string =>
  name === '@in' ? 'in' : name === '_[_]' ? '[]' : name === '_?_:_' ? '?:' : name.replaceAll('_', '').trim() || name

const shapes: readonly (readonly [RegExp, (found: readonly string[], expression: string) => string])[] = [
  [/^field not found: ([^]*)$/, ([name = ''], expression) => missing(name, expression)],
  [/^index .* out of bounds/, () => 'the index is past the end of the list'],
  [
    /^found no matching overload for '([^']*)' applied to '([^']*)'$/,
    ([name = '', types = '']) => overload(name, types),
  ],
  [/^type mismatch: expected bool, got (\S+)$/, ([type = '']) => `this must be true or false, but it is ${a(type)}`],
  [/^type mismatch: iterable vs (\S+)$/, ([type = '']) => `this must be a list or a map, but it is ${a(type)}`],
  [/divide by zero|modulus by zero/, () => 'a division by zero'],
  [/overflow/, () => 'a number is too large'],
  [/^error parsing regexp/, () => 'the regular expression is not valid: use RE2 syntax'],
  [/call stack/, () => 'it is nested too deeply'],
  [/string length/, () => 'a text is too long'],
]

const missing = (name: string, expression: string): string =>
  // A name from the delivery is not repeated, because it may be a secret.
  expression.includes(name) ? `there is no ${JSON.stringify(name)}: test with has() first` : 'there is no such member'

const overload = (name: string, types: string): string => {
  const said = `${displayed(name)} does not take ${types}`
  return types === '(double, int)' || types === '(int, double)' ? `${said}: JSON numbers are doubles, write 1.0` : said
}

const a = (type: string): string => (type === 'null_type' ? 'null' : /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`)

/** Returns the names of types as a phrase: "a map or a list or null". */
export const listed = (types: readonly string[]): string => types.map(a).join(' or ')

/**
 * Returns why an expression failed, without quoting the delivery. The evaluator's own messages
 * quote values, and people without a right to the delivery can read where the result is stored.
 */
export const describeFailure = (
  expression: string,
  { sourceInfo }: Pick<ReturnType<typeof parse>, 'sourceInfo'>,
  { exprId, message }: Pick<CelError, 'exprId' | 'message'>,
): string => {
  const said = describeMessage(expression, message)
  if (exprId === undefined) return said
  const { column, line } = positionAt(expression, offsetOf(sourceInfo, exprId))
  return `${said} (line ${line}, column ${column})`
}

const describeMessage = (expression: string, message: string): string => {
  for (const [shape, describe] of shapes) {
    const match = shape.exec(message)
    if (match) return describe(match.slice(1), expression)
  }
  return "a value can't be converted, or is not what the function takes"
}

/** Returns the message for a result that is not a boolean. */
export const notBoolean = (types: readonly string[]): string =>
  `it returns ${listed(types)}, but must return true or false`

import { parse } from '@bufbuild/cel'
import { maxWhen, maxNestedBrackets, maxUnaryInARow, scanWhen } from '../../api/when.ts'
import { notBoolean } from './failure.ts'
import { syntaxHint } from './hints.ts'
import { canBe, infer } from './infer.ts'
import { language } from './language.ts'
import { offsetOf, positionAt, type Mistake, type MistakeReport } from './mistake.ts'

/**
 * Returns the first mistake in an expression, before it runs, or undefined. It finds only what
 * would fail for every delivery:
 * - syntax errors, unknown variables, functions and macros;
 * - calls and comparisons that no value can make right;
 * - loops nested too deeply, and a result that is never a boolean.
 */
export const check = (expression: string): Mistake | undefined => {
  const reports: MistakeReport[] = []
  const costly = costlyToParse(expression)
  if (costly) return { message: costly.message, ...positionAt(expression, costly.offset) }
  try {
    const { expr, sourceInfo } = parse(expression)
    const kinds = infer(
      {
        language: language(),
        expression,
        offsetOf: ({ id }) => offsetOf(sourceInfo, id),
        report: report => reports.push(report),
      },
      expr,
    )
    if (kinds && !canBe(kinds, 'bool')) {
      const hint = "compare it with something, as in sender == 'github'"
      reports.push({ offset: 0, message: notBoolean(kinds), hint })
    }
  } catch (error) {
    reports.push(unreadable(expression, error))
  }
  const first = reports.toSorted((one, other) => one.offset - other.offset)[0]
  if (!first) return undefined
  const { hint, message, offset } = first
  return { message, ...positionAt(expression, offset), ...(hint === undefined ? {} : { hint }) }
}

/**
 * Returns why an expression must not be parsed. Admission refuses such an expression too. So this
 * finds only an expression that was stored without admission.
 */
const costlyToParse = (expression: string): MistakeReport | undefined => {
  if (expression.length > maxWhen) {
    return { offset: maxWhen, message: `it has more than ${maxWhen} characters` }
  }
  const { runAt, tooDeepAt } = scanWhen(expression)
  if (tooDeepAt !== undefined) {
    return { offset: tooDeepAt, message: `brackets are nested more than ${maxNestedBrackets} deep` }
  }
  return runAt === undefined
    ? undefined
    : { offset: runAt, message: `there are more than ${maxUnaryInARow} of ! or - in a row` }
}

/** Returns a mistake in one line: message, place and hint. */
export const mistakeInWords = ({ column, hint, line, message }: Mistake): string =>
  `${message} (line ${line}, column ${column})${hint === undefined ? '' : `; ${hint}`}`

const unreadable = (expression: string, error: unknown): MistakeReport => {
  if (error instanceof RangeError) return { offset: 0, message: 'it is nested too deeply' }
  const offset = offsetOfMistake(expression, error)
  const rest = expression.slice(offset)
  if (rest.trim() === '') return { offset, message: 'it ends too early' }
  const left = /^([=!<>]=|&&|[|][|]|[-+*/%<>=!&|?:.,([{'"])\s*$/.exec(rest)?.[1]
  if (left !== undefined) return { offset, message: `nothing follows ${left}` }
  const found = /^(\w+|[^\s\w])/.exec(rest.trimStart())?.[0] ?? ''
  const hint = syntaxHint(expression.slice(0, offset), rest.trimStart())
  return { offset, message: `${JSON.stringify(found)} is not expected here`, hint }
}

const operator = /^\s*(?:[=!<>]=|&&|[|][|]|[<>+*/%-]|in\b)\s*(?=\S)/

/** How often the right side of an operator is parsed by itself, to find one mistake. */
const maxSides = 8

/**
 * Returns the offset of a syntax error. If the text after an operator cannot be parsed, the parser
 * reports the operator. So this text is parsed again by itself.
 */
const offsetOfMistake = (expression: string, error: unknown, sides = maxSides): number => {
  const offset = offsetIn(error)
  const before = operator.exec(expression.slice(offset))?.[0]
  if (before === undefined || sides === 0) return offset
  const begin = offset + before.length
  try {
    parse(expression.slice(begin))
    return offset
  } catch (inner) {
    return begin + offsetOfMistake(expression.slice(begin), inner, sides - 1)
  }
}

/**
 * Returns where the parser stopped. Its error class is not exported, so this relies on the form of
 * the error.
 */
const offsetIn = (error: unknown): number => {
  const start = member(member(error, 'location'), 'start')
  const offset = member(start, 'offset')
  return typeof offset === 'number' ? offset : 0
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined

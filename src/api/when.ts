import type { Rule, Str } from './schema.ts'

/** How many characters an expression may have. */
export const longestWhen = 1024

/** How deep brackets may lie in one another. A parser that tries alternatives pays for each level several times over. */
export const mostNestedBrackets = 16

/** How often an operator of one operand may be written in a row. */
export const mostUnaryInARow = 4

/**
 * The parts of an expression that a scan has to tell apart: comments; texts, raw or not, with one quote or three; a
 * text that is not closed, after which nothing is ever read; runs of `!` and `-`; brackets. As JavaScript and RE2 both read
 * it. https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 */
const parts = [
  String.raw`//[^\r\n]*`,
  String.raw`[rR]"{3}[\s\S]*?"{3}`,
  String.raw`[rR]'{3}[\s\S]*?'{3}`,
  String.raw`[rR]"[^"\r\n]*"`,
  String.raw`[rR]'[^'\r\n]*'`,
  String.raw`"{3}(?:\\[\s\S]|[^\\])*?"{3}`,
  String.raw`'{3}(?:\\[\s\S]|[^\\])*?'{3}`,
  String.raw`"(?:\\[^\r\n]|[^"\\\r\n])*"`,
  String.raw`'(?:\\[^\r\n]|[^'\\\r\n])*'`,
  String.raw`["'][\s\S]*`,
  `!{${mostUnaryInARow + 1},}`,
  `-{${mostUnaryInARow + 1},}`,
  String.raw`[\[\](){}]`,
].join('|')

/** What makes an expression expensive to parse, or impossible. Offsets begin with 0. */
export interface Scanned {
  /** Whether every bracket is closed, and none is closed that was not opened. */
  readonly closed: boolean
  /** Where brackets begin to be nested too deep. */
  readonly tooDeepAt?: number
  /** Where operators stand too often in a row. */
  readonly runAt?: number
}

/** Looks at the brackets and operators of an expression, in one pass, without parsing it. */
export const scanWhen = (when: string): Scanned => {
  let depth = 0
  let lowest = 0
  let tooDeepAt: number | undefined
  let runAt: number | undefined
  for (const { 0: part, index } of when.matchAll(new RegExp(parts, 'g'))) {
    if ('([{'.includes(part)) depth += 1
    else if (')]}'.includes(part)) depth -= 1
    else if (part.startsWith('!') || part.startsWith('-')) runAt ??= index
    if (depth > mostNestedBrackets) tooDeepAt ??= index
    lowest = Math.min(lowest, depth)
  }
  return {
    closed: depth === 0 && lowest === 0,
    ...(tooDeepAt === undefined ? {} : { tooDeepAt }),
    ...(runAt === undefined ? {} : { runAt }),
  }
}

const found = `self.findAll(r'''${parts}''')`

/** Brackets of every kind, as one kind. */
const brackets = `${found}.map(part, part in ['(', '[', '{', ')', ']', '}'], part in ['(', '[', '{'] ? '(' : ')')`

/**
 * Each round takes the innermost brackets out: what is left after so many was nested deeper, or has no partner. `dyn`,
 * because the API server would otherwise estimate that each of the joined texts could be as long as a request.
 */
const nestsLittle: Rule = {
  rule: `dyn(${brackets}).join()${".replace('()', '')".repeat(mostNestedBrackets)} == ''`,
  message: `must close every bracket, and nest brackets at most ${mostNestedBrackets} deep`,
  holds: self => {
    const { closed, tooDeepAt } = scanWhen(String(self))
    return closed && tooDeepAt === undefined
  },
}

const fewInARow: Rule = {
  rule: `${found}.all(part, !part.startsWith('!') && !part.startsWith('-'))`,
  message: `must have at most ${mostUnaryInARow} of ! or - in a row`,
  holds: self => scanWhen(String(self)).runAt === undefined,
}

/** No expression begins so, and templates elsewhere have taught it. */
const noTemplate: Rule = {
  rule: String.raw`!self.matches('^[ \t\r\n]*[{][{]')`,
  message: "is an expression and no template: write it without {{ }}, as in body.status == 'firing'",
  holds: self => !/^[ \t\r\n]*[{][{]/.test(String(self)),
}

/** The field `when`. What it bounds keeps the time to parse an expression short, whatever is written. */
export const whenSchema = {
  type: 'string',
  title: 'Filter',
  minLength: 1,
  maxLength: longestWhen,
  description:
    'A CEL expression over body, headers, query and sender. The hook skips a delivery for which it is false. By default every delivery counts.',
  'x-kubernetes-validations': [noTemplate, nestsLittle, fewInARow],
} as const satisfies Str

import type { Rule, Str } from './schema.ts'

/** The longest expression, in characters. */
export const maxWhen = 1024

/**
 * How deep brackets may be nested. The time of a parser that tries alternatives multiplies with
 * each level.
 */
export const maxNestedBrackets = 16

/** How many operators with one operand (`!` or `-`) may follow one another. */
export const maxUnaryInARow = 4

/**
 * The tokens of an expression that a scan distinguishes, in a syntax that JavaScript and RE2 share
 * (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax): comments; strings, raw or
 * not, with one quote or three; a string without an end; runs of `!` and `-`; brackets.
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
  `!{${maxUnaryInARow + 1},}`,
  `-{${maxUnaryInARow + 1},}`,
  String.raw`[\[\](){}]`,
].join('|')

/** What makes an expression expensive or impossible to parse. Offsets begin with 0. */
export interface Scanned {
  /**
   * True if there are as many closing as opening brackets, and none closes before one opened. The
   * kinds of brackets are not compared.
   */
  readonly closed: boolean
  /** The offset of the first bracket that is nested too deep. Absent if there is none. */
  readonly tooDeepAt?: number
  /** The offset of the first run of `!` or `-` that is too long. Absent if there is none. */
  readonly runAt?: number
}

/** Scans the brackets and operators of an expression in one pass, without parsing it. */
export const scanWhen = (when: string): Scanned => {
  let depth = 0
  let lowest = 0
  let tooDeepAt: number | undefined
  let runAt: number | undefined
  for (const { 0: part, index } of when.matchAll(new RegExp(parts, 'g'))) {
    if ('([{'.includes(part)) depth += 1
    else if (')]}'.includes(part)) depth -= 1
    else if (part.startsWith('!') || part.startsWith('-')) runAt ??= index
    if (depth > maxNestedBrackets) tooDeepAt ??= index
    lowest = Math.min(lowest, depth)
  }
  return {
    closed: depth === 0 && lowest === 0,
    ...(tooDeepAt === undefined ? {} : { tooDeepAt }),
    ...(runAt === undefined ? {} : { runAt }),
  }
}

const found = `self.findAll(r'''${parts}''')`

/**
 * A CEL expression for a list of the brackets in a text. Brackets of every kind are replaced by
 * round ones.
 */
const brackets = `${found}.map(part, part in ['(', '[', '{', ')', ']', '}'], part in ['(', '[', '{'] ? '(' : ')')`

/**
 * Each round removes the innermost brackets. What is left was nested too deep or has no partner.
 * `dyn` keeps the API server's cost estimate low. Without `dyn`, the estimate would be for joined
 * texts as long as a request.
 */
const nestsLittle: Rule = {
  rule: `dyn(${brackets}).join()${".replace('()', '')".repeat(maxNestedBrackets)} == ''`,
  message: `must close every bracket, and nest brackets at most ${maxNestedBrackets} deep`,
  holds: self => {
    const { closed, tooDeepAt } = scanWhen(String(self))
    return closed && tooDeepAt === undefined
  },
}

const fewInARow: Rule = {
  rule: `${found}.all(part, !part.startsWith('!') && !part.startsWith('-'))`,
  message: `must have at most ${maxUnaryInARow} of ! or - in a row`,
  holds: self => scanWhen(String(self)).runAt === undefined,
}

/**
 * The rule against `{{` at the beginning. No expression begins with it, but writers know it from
 * template languages.
 */
const noTemplate: Rule = {
  rule: String.raw`!self.matches('^[ \t\r\n]*[{][{]')`,
  message: "is an expression, not a template: write it without {{ }}, as in body.status == 'firing'",
  holds: self => !/^[ \t\r\n]*[{][{]/.test(String(self)),
}

/** The field `when`. Its bounds keep parsing fast for every text. */
export const whenSchema = {
  type: 'string',
  title: 'Filter',
  minLength: 1,
  maxLength: maxWhen,
  description:
    'A CEL expression over body, headers, query and sender. Deliveries for which it is false are skipped. By default every delivery counts.',
  'x-kubernetes-validations': [noTemplate, nestsLittle, fewInARow],
} as const satisfies Str

import { displayed, listed } from './failure.ts'
import { didYouMean, hyphenHint, macroHint } from './hints.ts'
import { macros, roots, textRoots, typeNames, type Expr, type Language } from './language.ts'
import { maxNestedLoops } from './limits.ts'
import type { MistakeReport } from './mistake.ts'

/** The names of the possible types of a value; undefined if any type is possible. */
export type Kinds = readonly string[] | undefined

export interface Inference {
  readonly language: Language
  readonly expression: string
  readonly offsetOf: (expr: Expr) => number
  readonly report: (report: MistakeReport) => void
}

/** The loop variables around a node, innermost last, and the number of loops. */
interface Scope {
  readonly variables: ReadonlyMap<string, Kinds>
  readonly loops: number
}

const outside: Scope = { variables: new Map(), loops: 0 }

type Call = Extract<Expr['exprKind'], { case: 'callExpr' }>['value']
type Loop = Extract<Expr['exprKind'], { case: 'comprehensionExpr' }>['value']
type Select = Extract<Expr['exprKind'], { case: 'selectExpr' }>['value']

const numbers: ReadonlySet<string> = new Set(['int', 'uint', 'double'])

const kindOfConstant: Readonly<Record<string, string>> = {
  boolValue: 'bool',
  bytesValue: 'bytes',
  doubleValue: 'double',
  int64Value: 'int',
  nullValue: 'null_type',
  stringValue: 'string',
  uint64Value: 'uint',
}

/**
 * Returns the possible types of an expression's value. Reports each name, call and comparison that
 * cannot be right.
 */
export const infer = (context: Inference, expr: Expr, scope: Scope = outside): Kinds => {
  const { exprKind } = expr
  switch (exprKind.case) {
    case 'constExpr': {
      const kind = kindOfConstant[exprKind.value.constantKind.case ?? '']
      return kind === undefined ? undefined : [kind]
    }
    case 'identExpr':
      return inferName(context, expr, exprKind.value.name, scope)
    case 'selectExpr':
      return inferSelect(context, expr, exprKind.value, scope)
    case 'callExpr':
      return inferCall(context, expr, exprKind.value, scope)
    case 'comprehensionExpr':
      return inferLoop(context, expr, exprKind.value, scope)
    case 'listExpr':
      for (const element of exprKind.value.elements) infer(context, element, scope)
      return ['list']
    case 'structExpr':
      if (exprKind.value.messageName !== '') {
        context.report({
          offset: context.offsetOf(expr),
          message: `there is no type ${exprKind.value.messageName} to make`,
        })
      }
      for (const { keyKind, value } of exprKind.value.entries) {
        if (keyKind.case === 'mapKey') infer(context, keyKind.value, scope)
        if (value) infer(context, value, scope)
      }
      return ['map']
    case undefined:
      return undefined
  }
}

const inferName = (context: Inference, expr: Expr, name: string, scope: Scope): Kinds => {
  if (scope.variables.has(name)) return scope.variables.get(name)
  const kinds = roots.get(name)
  if (kinds) return kinds
  if (typeNames.has(name)) return ['type']
  context.report({
    offset: context.offsetOf(expr),
    message: `there is no variable ${name}: an expression has ${[...roots.keys()].join(', ')}`,
    hint: didYouMean(name, roots.keys()),
  })
  return undefined
}

const inferSelect = (context: Inference, expr: Expr, { field, operand, testOnly }: Select, scope: Scope): Kinds => {
  if (!operand || typeNames.has(dotted(expr) ?? '')) return ['type']
  const kinds = infer(context, operand, scope)
  if (kinds && !kinds.includes('map')) {
    context.report({ offset: context.offsetOf(expr), message: `${listed(kinds)} has no member ${field}` })
  }
  if (testOnly) return ['bool']
  return ofTextRoot(operand, scope) ? ['string'] : undefined
}

const inferCall = (context: Inference, expr: Expr, call: Call, scope: Scope): Kinds => {
  const { args } = call
  const qualified = call.target && `${dotted(call.target)}.${call.function}`
  const isQualified = qualified !== undefined && context.language.funcs.find(qualified) !== undefined
  const name = isQualified ? qualified : call.function
  const target = isQualified ? undefined : call.target
  const given = args.map(argument => infer(context, argument, scope))
  const [first, second, third] = given
  const on = target && infer(context, target, scope)

  switch (name) {
    case '_&&_':
    case '_||_':
      args.forEach((argument, index) => needsBoolean(context, argument, given[index], displayed(name)))
      return ['bool']
    case '@not_strictly_false':
      return ['bool']
    case '_?_:_':
      if (args[0]) needsBoolean(context, args[0], first, '?:')
      return second && third && [...new Set([...second, ...third])]
    case '_[_]':
      return inferIndex(context, args, first, scope)
    case '_==_':
    case '_!=_':
      if (first && second && !first.some(kind => second.some(other => areComparable(kind, other)))) {
        const [one, other] = [listed(first), listed(second)]
        context.report({ offset: context.offsetOf(expr), message: `${one} is never equal to ${other}` })
      }
      return ['bool']
    default:
      return inferFunction(context, expr, name, target !== undefined, on, given)
  }
}

const inferFunction = (
  context: Inference,
  expr: Expr,
  name: string,
  isMethod: boolean,
  on: Kinds,
  given: readonly Kinds[],
): Kinds => {
  const offset = context.offsetOf(expr)
  const shown = displayed(name)
  const overloads = [...(context.language.funcs.find(name) ?? [])]
  if (overloads.length === 0) {
    const names = [...[...context.language.funcs].map(func => func.name), ...macros.keys()]
    context.report({
      offset,
      message: macros.has(name) ? `${name} isn't written this way` : `there is no function ${name}`,
      hint: macroHint(name) ?? didYouMean(name, names),
    })
    return undefined
  }
  const fitting = overloads.filter(
    func => (func.target !== undefined) === isMethod && func.arguments.length === given.length,
  )
  if (fitting.length === 0) {
    const forms = overloads.map(func => formOf(func, shown))
    context.report({
      offset,
      message: `${shown} can't be called this way`,
      hint: `write ${[...new Set(forms)].join(' or ')}`,
    })
    return undefined
  }
  const matching = fitting.filter(
    func =>
      (!func.target || canBe(on, func.target.name)) &&
      func.arguments.every((argument, index) => canBe(given[index], argument.name)),
  )
  if (matching.length === 0) {
    const taken = [...(isMethod ? [on] : []), ...given].map(kinds => (kinds ? listed(kinds) : 'any value'))
    context.report({
      offset,
      message: `${shown} does not take ${taken.join(' and ')}`,
      hint: name === '_-_' ? hyphenHint(context.expression) : undefined,
    })
    return undefined
  }
  const results = new Set(matching.map(func => func.result.name))
  return results.has('dyn') ? undefined : [...results]
}

const inferIndex = (context: Inference, args: readonly Expr[], of: Kinds, scope: Scope): Kinds => {
  const [operand, index] = args
  if (operand && of && !of.includes('map') && !of.includes('list')) {
    context.report({ offset: context.offsetOf(operand), message: `${listed(of)} has no members` })
  }
  if (!operand || !ofTextRoot(operand, scope)) return undefined
  const constant = index?.exprKind.case === 'constExpr' ? index.exprKind.value.constantKind : undefined
  if (index && dotted(operand) === 'headers' && constant?.case === 'stringValue' && /[A-Z]/.test(constant.value)) {
    context.report({
      offset: context.offsetOf(index),
      message: 'header names are in lower case',
      hint: `write headers['${constant.value.toLowerCase()}']`,
    })
  }
  return ['string']
}

const inferLoop = (context: Inference, expr: Expr, loop: Loop, scope: Scope): Kinds => {
  const over = loop.iterRange && infer(context, loop.iterRange, scope)
  if (over && !over.includes('map') && !over.includes('list')) {
    context.report({ offset: context.offsetOf(expr), message: `${listed(over)} has no elements` })
  }
  const loops = scope.loops + 1
  if (loops > maxNestedLoops) {
    context.report({ offset: context.offsetOf(expr), message: `loops are nested more than ${maxNestedLoops} deep` })
  }
  const sum = loop.accuInit && infer(context, loop.accuInit, scope)
  const inside = { loops, variables: new Map(scope.variables).set(loop.accuVar, sum).set(loop.iterVar, undefined) }
  for (const part of [loop.loopCondition, loop.loopStep]) if (part) infer(context, part, inside)
  return loop.result && infer(context, loop.result, inside)
}

const needsBoolean = (context: Inference, expr: Expr, kinds: Kinds, operator: string): void => {
  if (!canBe(kinds, 'bool') && kinds) {
    context.report({
      offset: context.offsetOf(expr),
      message: `${operator} takes true or false, but this is ${listed(kinds)}`,
    })
  }
}

/** Returns `a.b.c` as text, or undefined if the node is not made of names. */
const dotted = (expr: Expr): string | undefined => {
  if (expr.exprKind.case === 'identExpr') return expr.exprKind.value.name
  if (expr.exprKind.case !== 'selectExpr' || !expr.exprKind.value.operand) return undefined
  const before = dotted(expr.exprKind.value.operand)
  return before === undefined ? undefined : `${before}.${expr.exprKind.value.field}`
}

const ofTextRoot = (operand: Expr, scope: Scope): boolean => {
  const name = dotted(operand)
  return name !== undefined && textRoots.has(name) && !scope.variables.has(name)
}

export const canBe = (kinds: Kinds, type: string): boolean =>
  kinds === undefined || type === 'dyn' || kinds.includes(type)

const areComparable = (one: string, other: string): boolean => one === other || (numbers.has(one) && numbers.has(other))

const formOf = (func: { readonly target: unknown; readonly arguments: readonly unknown[] }, name: string): string => {
  const letters = func.arguments.map((_, index) => 'abc'[index] ?? 'd').join(', ')
  return func.target === undefined ? `${name}(${letters})` : `x.${name}(${letters})`
}

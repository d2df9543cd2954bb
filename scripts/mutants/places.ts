import { isNode, lineAt, parseText, type SyntaxNode } from '../count/syntax.ts'

/** One small mistake that can be made in a file. */
export interface Mutant {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** The text of this line, without the spaces around it. */
  readonly source: string
  readonly kind: string
  /** What is replaced, as positions in the file's text. */
  readonly start: number
  readonly end: number
  readonly becomes: string
  /** What was there and what is there now, on one line each and cut where they are long. */
  readonly change: string
}

interface Change {
  readonly kind: string
  readonly node: SyntaxNode
  readonly becomes: string
}

const comparisons: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
}
const arithmetic: Readonly<Record<string, string>> = { '+': '-', '-': '+', '*': '/', '/': '*', '%': '*' }
const logical: Readonly<Record<string, string>> = { '&&': '||', '||': '&&' }
const methods: Readonly<Record<string, string>> = { min: 'max', max: 'min', some: 'every', every: 'some' }

/** Lists every mistake that can be made in a file, in the order of its text. */
export const mutantsIn = (file: string, text: string): readonly Mutant[] => {
  const { nodes } = parseText(file, text)
  const inTypes = new Set(
    nodes.flatMap(node => (node.type === 'TSLiteralType' ? Object.values(node).filter(isNode) : [])),
  )
  return nodes
    .filter(node => !inTypes.has(node))
    .flatMap(node => changesOf(node, text))
    .map(({ becomes, kind, node: { end, start } }) => ({
      file,
      line: lineAt(text, start),
      source: (text.split('\n')[lineAt(text, start) - 1] ?? '').trim(),
      kind,
      start,
      end,
      becomes,
      change: `${shown(text.slice(start, end))} → ${shown(becomes)}`,
    }))
    .sort((one, other) => one.start - other.start || one.end - other.end)
}

/** Makes the mistake in the file's text. */
export const mutated = (text: string, { becomes, end, start }: Pick<Mutant, 'start' | 'end' | 'becomes'>): string =>
  text.slice(0, start) + becomes + text.slice(end)

const maxShown = 90

const shown = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > maxShown ? `${line.slice(0, maxShown)}…` : line
}

const changesOf = (node: SyntaxNode, text: string): readonly Change[] => {
  switch (node.type) {
    case 'BinaryExpression':
      return [...operator('bound or comparison', node, text, comparisons), ...operator('sum', node, text, arithmetic)]
    case 'LogicalExpression':
      return [...operator('and, or', node, text, logical), ...onlyDefault(node, text)]
    case 'IfStatement':
      return [...negated(node.test, text), ...leftOutReturn(node)]
    case 'ConditionalExpression':
    case 'WhileStatement':
      return negated(node.test, text)
    case 'UnaryExpression':
      return node.operator === 'void' ? [{ kind: 'call left out', node, becomes: 'undefined' }] : []
    case 'Literal':
      return literal(node, text)
    case 'ExpressionStatement':
      return leftOutStatement(node, text)
    case 'MemberExpression':
      return otherMethod(node)
    default:
      return []
  }
}

const operator = (
  kind: string,
  node: SyntaxNode,
  text: string,
  others: Readonly<Record<string, string>>,
): readonly Change[] => {
  const { left, right } = node
  const other = others[String(node.operator)]
  if (other === undefined || !isNode(left) || !isNode(right)) return []
  const between = text.slice(left.end, right.start).replace(String(node.operator), other)
  return [{ kind, node, becomes: text.slice(node.start, left.end) + between + text.slice(right.start, node.end) }]
}

const onlyDefault = (node: SyntaxNode, text: string): readonly Change[] =>
  node.operator === '??' && isNode(node.right)
    ? [{ kind: 'default', node, becomes: `(${text.slice(node.right.start, node.right.end)})` }]
    : []

/** Comparisons have a mistake of their own, and it is the same one where the condition is equality. */
const negated = (test: unknown, text: string): readonly Change[] => {
  if (!isNode(test) || comparisons[String(test.operator)]?.endsWith('==') === true) return []
  const { argument } = test
  const isNot = test.type === 'UnaryExpression' && test.operator === '!' && isNode(argument)
  const becomes = isNot ? text.slice(argument.start, argument.end) : `!(${text.slice(test.start, test.end)})`
  return [{ kind: 'condition', node: test, becomes }]
}

const ends = new Set(['ReturnStatement', 'ThrowStatement', 'ContinueStatement', 'BreakStatement'])

const leftOutReturn = (node: SyntaxNode): readonly Change[] => {
  const { alternate, consequent } = node
  if (isNode(alternate) || !isNode(consequent)) return []
  const statements: readonly unknown[] =
    consequent.type === 'BlockStatement' && Array.isArray(consequent.body) ? consequent.body : [consequent]
  const last = statements.at(-1)
  return isNode(last) && ends.has(last.type) ? [{ kind: 'early return left out', node, becomes: ';' }] : []
}

const literal = (node: SyntaxNode, text: string): readonly Change[] => {
  const { value } = node
  if (typeof value === 'boolean') return [{ kind: 'literal', node, becomes: String(!value) }]
  if (typeof value !== 'number') return []
  // One more is a mistake where a number counts something. Of a long time it is none.
  return [{ kind: 'literal', node, becomes: value <= 10 ? String(value + 1) : `${text.slice(node.start, node.end)}0` }]
}

/** What a log says is no part of the behaviour that is promised. */
const logs = /^(?:await )?[\w.?#]*\blog(?:ger)?\b\??\.\w+\(/

const leftOutStatement = (node: SyntaxNode, text: string): readonly Change[] => {
  if (typeof node.directive === 'string' || logs.test(text.slice(node.start, node.end))) return []
  return [{ kind: 'call left out', node, becomes: ';' }]
}

const otherMethod = ({ object, property }: SyntaxNode): readonly Change[] => {
  if (!isNode(property) || typeof property.name !== 'string' || !Object.hasOwn(methods, property.name)) return []
  const isMath = isNode(object) && object.name === 'Math'
  const other = methods[property.name]
  if (other === undefined || (property.name.startsWith('m') && !isMath)) return []
  return [{ kind: 'other method', node: property, becomes: other }]
}

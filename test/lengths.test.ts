import { expect, test } from 'vitest'
import { codeIn, productFolders } from '../scripts/count/source.ts'
import { isNode, lineAt, parseFile, parseText, type Syntax } from '../scripts/count/syntax.ts'

/** How long a file of the product may be, unless it is one class or one protocol. The linter keeps those within 500 lines. */
const maxProductLines = 300

/** Files that hold one protocol. */
const protocols: ReadonlySet<string> = new Set(['dashboard/protocol.ts', 'src/record/protocol.ts'])

/** How long a file of tests may be, and a function in it, in lines. */
const maxFileLines = 600
const maxFunctionLines = 80

/** Files of one function that goes through all events of a history, in order. */
const chronicles: ReadonlySet<string> = new Set(['test/simulation/history.ts', 'test/simulation/check/timeline.ts'])

const functionTypes: ReadonlySet<string> = new Set([
  'ArrowFunctionExpression',
  'FunctionDeclaration',
  'FunctionExpression',
])

/** Returns the name that a call begins with: `describe` for `describe.each(…)(…)`. */
const calledIn = (callee: unknown): unknown => {
  if (!isNode(callee)) return undefined
  if (callee.type === 'Identifier') return callee.name
  return calledIn(callee.type === 'MemberExpression' ? callee.object : callee.callee)
}

/** Lists what is too long in a file. A group of tests is a list of functions, and may be longer. */
const findingsIn = ({ nodes, path, text }: Syntax): readonly string[] => {
  const groups = new Set(
    nodes
      .filter(({ callee, type }) => type === 'CallExpression' && calledIn(callee) === 'describe')
      .flatMap(({ arguments: passed }) => (Array.isArray(passed) ? passed.map((each: unknown) => each) : [])),
  )
  const functions = nodes
    .filter(node => functionTypes.has(node.type) && !groups.has(node))
    .map(({ end, start }) => ({ first: lineAt(text, start), last: lineAt(text, end) }))
  const lines = text.split('\n').length - 1
  return [
    ...(lines > maxFileLines ? [`${path} has ${lines} lines`] : []),
    ...functions
      .map(({ first, last }) => ({ first, lines: last - first + 1 }))
      .filter(each => each.lines > maxFunctionLines)
      .map(each => `${path}:${each.first} begins a function of ${each.lines} lines`),
  ]
}

/** Returns whether a class takes up more than half of a file. */
const isOneClass = ({ nodes, text }: Syntax): boolean =>
  nodes.some(({ end, start, type }) => type === 'ClassDeclaration' && end - start > text.length / 2)

const isTooLong = (file: Syntax): boolean =>
  file.text.split('\n').length - 1 > maxProductLines && !isOneClass(file) && !protocols.has(file.path)

test('a long file of the product is one class or one protocol', () => {
  // A table that is generated.
  const paths = codeIn(productFolders).filter(path => !path.endsWith('apiserver/protobuf/messages.ts'))
  expect(paths.filter(path => isTooLong(parseFile(path)))).toEqual([])
})

test('a long file that is a class and much else is found', () => {
  const klass = `class A {\n${'  x = 1\n'.repeat(150)}}\n`
  expect(isTooLong(parseText('src/planted.ts', `${klass}x()\n${klass}y()\n`))).toBe(true)
  expect(isTooLong(parseText('src/planted.ts', `class A {\n${'  x = 1\n'.repeat(300)}}\n`))).toBe(false)
})

test('files of tests, and functions in them, are short', () => {
  const paths = codeIn(['test']).filter(path => !chronicles.has(path))
  expect(paths.flatMap(path => findingsIn(parseFile(path)))).toEqual([])
})

test.for([
  ['a file', 'x()\n'.repeat(601), 'has 601 lines'],
  ['a test', `test('it', () => {\n${'x()\n'.repeat(79)}})`, ':1 begins a function of 81 lines'],
  [
    'a test in a group',
    `describe('all', () => {\nit('is', () => {\n${'x()\n'.repeat(79)}})\n})`,
    ':2 begins a function of 81 lines',
  ],
] as const)('%s that is too long is found', ([, text, said]) => {
  expect(findingsIn(parseText('test/planted.ts', text))).toEqual([expect.stringContaining(said)])
})

test.for([
  ['a group', `describe.each([1])('all', () => {\n${'x()\n'.repeat(100)}})`],
  ['a test', `test('it', () => {\n${'x()\n'.repeat(78)}})`],
] as const)('%s of such a length is not', ([, text]) => {
  expect(findingsIn(parseText('test/planted.ts', text))).toEqual([])
})

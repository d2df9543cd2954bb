import { expect, test } from 'vitest'
import { codeIn, productFolders } from '../scripts/count/source.ts'
import { isNode, parseFile, parseText, type Syntax, type SyntaxNode } from '../scripts/count/syntax.ts'

/*
 * What CONTRIBUTING says of clocks, timers, chance, sockets and state, held against the source. The linter has some of these rules
 * too, and reports them while you write. The lists here are complete: a file that needs its place no longer must leave.
 */

/** The files that read a clock, set a timer or draw chance, each with the reason. */
const surprising: Readonly<Record<string, string>> = {
  'cli/output/times.ts': 'converts moments, and reads no clock',
  'dashboard/page/browser.ts': 'provides the browser: its clock, timers, chance and requests',
  'dashboard/page/words/time.ts': 'converts moments, and reads no clock',
  'src/environment/exchange.ts': 'times requests to the API server out',
  'src/environment/outbound.ts': 'times all other requests out',
  'src/environment/standard-output.ts': 'writes the lines of one turn of the event loop at once',
  'src/environment/system.ts': 'provides clock, timers and chance for real',
  'src/environment/time.ts': 'converts moments, and reads no clock',
  'src/environment/watch-over.ts': 'times the beginning of a watch out',
}

/** The files that listen on a port or open a connection, each with the reason. */
const sockets: Readonly<Record<string, string>> = {
  'apiserver/http.ts': 'serves the in-memory API server',
  'apiserver/playground/http.ts': 'serves the sample Service of the playground',
  'cli/cluster/connection.ts': 'connects the command line to the API server, through proxies too',
  'cli/post.ts': 'posts to a trigger URL for `trigger`',
  'cli/proxied.ts': 'chooses the agent of a proxy',
  'dashboard/serve.ts': 'serves the dashboard',
  'deploy/examples/tutorial/shop/shop.ts': 'serves the application of the tutorial',
  'src/environment/connectors.ts': 'opens the sockets of environment/node.ts',
  'src/environment/node.ts': 'connects the roles to the API server',
  'src/environment/outbound.ts': 'connects the roles to anything else',
  'src/operations/server.ts': 'serves the second port',
  'src/trigger/http.ts': 'serves the trigger',
}

/** The page is a program of its own, in a browser: its state is that of one tab. */
const pageFolder = 'dashboard/page/'

const files = codeIn(productFolders).map(parseFile)
const thatAre = (is: (file: Syntax) => boolean): readonly string[] => files.filter(is).map(({ path }) => path)

const globals = /^(?:Date|setTimeout|setInterval|setImmediate|performance|crypto|fetch)$/
const chance = /^(?:randomBytes|randomUUID|randomInt|generateKeyPair|generateKeyPairSync|webcrypto)$/
const clocks = /^node:(?:timers|timers\/promises|perf_hooks)$/

/** Returns the text of each identifier and member that a file evaluates: `Date`, `Math.random`. */
const evaluated = ({ nodes, text }: Syntax): readonly string[] => {
  const members = nodes.filter(({ computed, type }) => type === 'MemberExpression' && computed !== true)
  const names = new Set([...members.map(({ property }) => property), ...nodes.map(({ key }) => key)])
  return [
    ...members.map(({ end, start }) => text.slice(start, end)),
    ...nodes.filter(node => node.type === 'Identifier' && !names.has(node)).map(({ name }) => String(name)),
  ]
}

/** Returns the names that a file imports to run, types left out, each with the module it is of. */
const imported = ({ body }: Syntax): readonly { readonly module: string; readonly name: string }[] =>
  body
    .filter(({ importKind, type }) => type === 'ImportDeclaration' && importKind !== 'type')
    .flatMap(({ source, specifiers }) =>
      (Array.isArray(specifiers) ? specifiers : [])
        .filter((specifier: unknown) => isNode(specifier) && specifier.importKind !== 'type')
        .map((specifier: SyntaxNode) => ({
          module: isNode(source) ? String(source.value) : '',
          name: isNode(specifier.imported) ? String(specifier.imported.name) : '*',
        })),
    )

const isSurprising = (file: Syntax): boolean =>
  evaluated(file).some(name => globals.test(name) || name === 'Math.random' || name === 'AbortSignal.timeout') ||
  imported(file).some(({ module, name }) => clocks.test(module) || (module === 'node:crypto' && chance.test(name)))

/** Parts of Node's modules of sockets that open none. */
const harmless = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'STATUS_CODES'])

const opensSockets = (file: Syntax): boolean =>
  imported(file).some(
    ({ module, name }) =>
      /^(?:node:(?:net|http|https|http2|tls|dgram|dns)|undici)$/.test(module) && !harmless.has(name),
  )

/** What changes a collection, an array or a signal in place. */
const changes = /^(?:set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|value)$/

/** Returns the names at module level whose value changes: `let`, or a constant that the file changes in place. */
const changing = ({ body, nodes, text }: Syntax): readonly string[] => {
  const declared = body
    .map(node => (isNode(node.declaration) ? node.declaration : node))
    .filter(({ type }) => type === 'VariableDeclaration')
    .flatMap(({ declarations, kind }) =>
      (Array.isArray(declarations) ? declarations : []).filter(isNode).map(({ id, init }) => ({ id, init, kind })),
    )
  return declared
    .filter(({ init, kind }) => kind !== 'const' || (isNode(init) && isCollection(init, text)))
    .flatMap(({ id, kind }) => (isNode(id) ? [{ name: String(id.name), kind }] : []))
    .filter(({ kind, name }) => kind !== 'const' || nodes.some(node => changesInPlace(node, name)))
    .map(({ name }) => name)
}

const keepsState = (file: Syntax): boolean => changing(file).length > 0

/** Returns whether a value can change in place: an object, or a regular expression with `g` or `y`, which remembers where it was. */
const isCollection = (init: SyntaxNode, text: string): boolean =>
  ['NewExpression', 'ArrayExpression', 'ObjectExpression', 'CallExpression'].includes(init.type) ||
  (init.type === 'Literal' && /\/[a-z]*[gy][a-z]*$/.test(text.slice(init.start, init.end)))

const changesInPlace = (node: SyntaxNode, name: string): boolean => {
  const target = node.type === 'CallExpression' ? node.callee : (node.left ?? node.argument)
  const isChange = ['CallExpression', 'AssignmentExpression', 'UpdateExpression'].includes(node.type)
  if (!isChange || !isNode(target) || target.type !== 'MemberExpression') return false
  const { object, property } = target
  const isOf = isNode(object) && object.name === name
  return isOf && (node.type !== 'CallExpression' || (isNode(property) && changes.test(String(property.name))))
}

test('only the files of this list read a clock, set a timer or draw chance', () => {
  expect(thatAre(isSurprising)).toEqual(Object.keys(surprising))
})

test('only the files of this list open a socket', () => {
  expect(thatAre(opensSockets)).toEqual(Object.keys(sockets))
})

test('no file keeps state at module level: a test could not take it apart', () => {
  expect(thatAre(keepsState).filter(path => !path.startsWith(pageFolder))).toEqual([])
})

test.for([
  ['a clock', 'export const now = () => Date.now()', isSurprising],
  ['chance', 'export const draw = () => Math.random()', isSurprising],
  ['chance of a module', "import { randomBytes } from 'node:crypto'", isSurprising],
  ['a timer of a module', "import { setTimeout as sleep } from 'node:timers/promises'", isSurprising],
  ['a socket', "import { request } from 'node:https'", opensSockets],
  ['a variable', 'let last = 0', keepsState],
  ['a map that is filled', 'const seen = new Map(); export const see = (key: string) => seen.set(key, 1)', keepsState],
] as const)('%s is found', ([, text, is]) => {
  expect(is(parseText('src/planted.ts', text))).toBe(true)
})

test.for([
  ['the name of a member', 'export const read = (event: { Date: string }) => event.Date', isSurprising],
  ['a type of a socket', "import type { Socket } from 'node:net'", opensSockets],
  ['a table', "const known = new Set(['a']); export const isKnown = (key: string) => known.has(key)", keepsState],
] as const)('%s is not', ([, text, is]) => {
  expect(is(parseText('src/planted.ts', text))).toBe(false)
})

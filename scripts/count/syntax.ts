import { readFileSync } from 'node:fs'
import { parseSync } from 'rolldown/utils'

/** A file of TypeScript, parsed. */
export interface Syntax {
  readonly path: string
  readonly text: string
  readonly comments: readonly Comment[]
  /** The statements of the module itself. */
  readonly body: readonly SyntaxNode[]
  /** Every node of the tree, from the outside in. */
  readonly nodes: readonly SyntaxNode[]
}

export interface Comment {
  readonly value: string
  readonly start: number
  readonly end: number
}

/** A node of a syntax tree (ESTree), with the members that are read here. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly kind?: unknown
  readonly importKind?: unknown
  readonly source?: unknown
  readonly specifiers?: unknown
  readonly imported?: unknown
  readonly declaration?: unknown
  readonly declarations?: unknown
  readonly id?: unknown
  readonly init?: unknown
  readonly name?: unknown
  readonly value?: unknown
  readonly callee?: unknown
  readonly arguments?: unknown
  readonly object?: unknown
  readonly property?: unknown
  readonly computed?: unknown
  readonly left?: unknown
  readonly right?: unknown
  readonly operator?: unknown
  readonly test?: unknown
  readonly consequent?: unknown
  readonly alternate?: unknown
  readonly expression?: unknown
  readonly directive?: unknown
  readonly body?: unknown
  readonly argument?: unknown
  readonly key?: unknown
}

export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** Parses a file, TSX included. */
export const parseFile = (path: string): Syntax => parseText(path, readFileSync(path, 'utf8'))

/** Parses a text under a file's name. Throws where it is no TypeScript. */
export const parseText = (path: string, text: string): Syntax => {
  const { comments, errors, program } = parseSync(path, text, { lang: path.endsWith('x') ? 'tsx' : 'ts' })
  const [error] = errors
  if (error) throw new Error(`${path}: ${error.message}`)
  return { path, text, comments, body: program.body, nodes: nodesIn(program) }
}

export const lineAt = (text: string, position: number): number => text.slice(0, position).split('\n').length

/** Lists a node and all nodes in it. A generator that calls itself would take a step for each level of each node. */
const nodesIn = (value: unknown, found: SyntaxNode[] = []): SyntaxNode[] => {
  if (Array.isArray(value)) for (const item of value) nodesIn(item, found)
  if (!isNode(value)) return found
  found.push(value)
  for (const member of Object.values(value)) if (typeof member === 'object') nodesIn(member, found)
  return found
}

import { isNode, lineAt, type Syntax, type SyntaxNode } from './syntax.ts'

/** A comment as a reader sees it: several `//` lines in a row are one. */
export interface WholeComment {
  readonly line: number
  /** Its paragraphs and list items, one per line, without asterisks. */
  readonly text: string
  /** The name of the function that follows. Absent for a component, which is a thing. */
  readonly function?: string
}

/** Returns the comments of a file. */
export const commentsIn = (file: Syntax): readonly WholeComment[] => {
  const functions = functionsIn(file.nodes)
  return joined(file).map(({ end, start, value }) => {
    const next = end + (/\S/.exec(file.text.slice(end))?.index ?? 0)
    const name = functions.get(next)
    return {
      line: lineAt(file.text, start),
      text: textOf(value),
      ...(name !== undefined && file.text.startsWith('/**', start) && !/^[A-Z]/.test(name) && { function: name }),
    }
  })
}

/** Splits a text into sentences. An item of a list ends one too. */
export const sentencesIn = (text: string): readonly string[] =>
  text.split('\n').flatMap(line => line.split(/(?<=[.!?;]|:(?=\s+[A-Z]))\s+/))

interface Found {
  readonly start: number
  readonly end: number
  readonly value: string
}

/** Joins `//` comments that follow one another, each on a line of its own. */
const joined = ({ comments, text }: Syntax): readonly Found[] => {
  const found: Found[] = []
  for (const { start, value } of comments) {
    const isLine = text.startsWith('//', start)
    const last = found.at(-1)
    const between = last && text.slice(last.end, start)
    const follows = isLine && last && text.startsWith('//', last.start) && /^\n[ \t]*$/.test(between ?? '')
    if (follows) found.pop()
    const end = start + value.length + (isLine ? 2 : 4)
    found.push(follows ? { start: last.start, end, value: `${last.value}\n${value}` } : { start, end, value })
  }
  return found
}

/** Returns paragraphs and list items, one per line, without pictures. */
const textOf = (value: string): string =>
  value
    .replace(/^\*/, '')
    .split('\n')
    .map(line => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .replaceAll(/```.*?```/gs, '')
    .trim()
    .replaceAll(/\n(?!\n|- |\d+\. )\s*/g, ' ')
    .replaceAll(/\s*\n\s*/g, '\n')

/** Returns the names of functions and methods by where their declarations begin. */
const functionsIn = (nodes: readonly SyntaxNode[]): ReadonlyMap<number, string> => {
  const found = new Map<number, string>()
  for (const node of nodes) {
    const declared = node.type.startsWith('Export') && isNode(node.declaration) ? node.declaration : node
    const name = nameOf(declared)
    if (name !== undefined && !found.has(node.start)) found.set(node.start, name)
  }
  return found
}

const nameOf = (node: SyntaxNode): string | undefined => {
  if (node.type === 'FunctionDeclaration') return identifier(node.id)
  if (node.type === 'MethodDefinition') return node.kind === 'constructor' ? undefined : identifier(node.key)
  if (node.type === 'PropertyDefinition') return isFunction(node.value) ? identifier(node.key) : undefined
  if (node.type !== 'VariableDeclaration' || !Array.isArray(node.declarations)) return undefined
  const first: unknown = node.declarations[0]
  return isNode(first) && isFunction(first.init) ? identifier(first.id) : undefined
}

const isFunction = (value: unknown): boolean =>
  isNode(value) && /^(?:ArrowFunction|Function)Expression$/.test(value.type)

const identifier = (value: unknown): string | undefined => (isNode(value) ? String(value.name) : undefined)

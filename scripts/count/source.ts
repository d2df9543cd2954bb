import { globSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { isNode, lineAt, parseFile, type SyntaxNode } from './syntax.ts'

/** A file of the source, as far as it is counted. */
export interface SourceFile {
  readonly path: string
  readonly lines: number
  /** The files of this repository that it imports, for types as well. */
  readonly imports: readonly string[]
  /** The names that it declares and exports. */
  readonly exports: readonly string[]
  readonly functions: readonly SourceFunction[]
}

export interface SourceFunction {
  readonly line: number
  readonly lines: number
}

/** The folders that hold the product. Scanners of the source look here: one with a list of its own would go blind without a word. */
export const productFolders = ['src', 'cli', 'dashboard', 'apiserver', 'deploy/examples'] as const

/** All folders with code: the product, and what tests, makes and measures it. */
export const codeFolders = [...productFolders, 'test', 'scripts', 'bench'] as const

/** Lists the files of TypeScript in some folders. */
export const codeIn = (folders: readonly string[]): readonly string[] =>
  globSync(folders.map(folder => `${folder}/**/*.{ts,tsx}`)).toSorted()

/** Reads the files of some folders. */
export const sourceFiles = (folders: readonly string[]): readonly SourceFile[] => codeIn(folders).map(read)

const read = (path: string): SourceFile => {
  const { nodes, text } = parseFile(path)
  return {
    path,
    lines: text.split('\n').length - 1,
    imports: nodes.flatMap(node => importedBy(node, path)),
    exports: nodes.flatMap(exportedBy),
    functions: nodes
      .filter(({ type }) => functionTypes.has(type))
      .map(({ end, start }) => ({ line: lineAt(text, start), lines: lineAt(text, end) - lineAt(text, start) + 1 })),
  }
}

const functionTypes: ReadonlySet<string> = new Set([
  'ArrowFunctionExpression',
  'FunctionDeclaration',
  'FunctionExpression',
])

const importTypes: ReadonlySet<string> = new Set([
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'ImportDeclaration',
  'ImportExpression',
])

const importedBy = ({ source, type }: SyntaxNode, path: string): readonly string[] => {
  const target = importTypes.has(type) && isNode(source) ? source.value : undefined
  return typeof target === 'string' && target.startsWith('.') ? [normalize(join(dirname(path), target))] : []
}

const exportedBy = ({ declaration, type }: SyntaxNode): readonly string[] => {
  if (type !== 'ExportNamedDeclaration' || !isNode(declaration)) return []
  const declared = Array.isArray(declaration.declarations) ? declaration.declarations : [declaration]
  return declared.flatMap((one: unknown) =>
    isNode(one) && isNode(one.id) && typeof one.id.name === 'string' ? one.id.name : [],
  )
}

/** Rooms in which each file exports one entry, called like the file. A product may have one in each. */
const registries: ReadonlySet<string> = new Set(['src/senders', 'cli/snippets'])

/** Lists the names that several files export, each with those files. Entries of registries are left out. */
export const sharedNames = (files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> => {
  const byName = Map.groupBy(
    files.flatMap(({ exports, path }) => [...new Set(exports)].map(name => ({ name, path }))),
    ({ name }) => name,
  )
  const isEntry = (name: string, path: string): boolean =>
    registries.has(dirname(path)) && basename(path, '.ts').replaceAll('-', '') === name.toLowerCase()
  const shared = [...byName].filter(
    ([name, places]) => places.length > 1 && !places.every(({ path }) => isEntry(name, path)),
  )
  return new Map(shared.map(([name, places]) => [name, places.map(({ path }) => path)]))
}

/** Lists the groups of files that import one another in a circle (Tarjan's strongly connected components). */
export const importCircles = (files: readonly SourceFile[]): readonly (readonly string[])[] => {
  const importsOf = new Map(files.map(({ imports, path }) => [path, imports]))
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (path: string): number => {
    const own = index.size
    index.set(path, own)
    let lowest = own
    open.push(path)
    for (const next of importsOf.get(path) ?? []) {
      if (!importsOf.has(next)) continue
      if (!index.has(next)) lowest = Math.min(lowest, visit(next))
      else if (open.includes(next)) lowest = Math.min(lowest, low.get(next) ?? index.get(next) ?? lowest)
    }
    low.set(path, lowest)
    if (lowest === own) {
      const circle = open.splice(open.indexOf(path))
      if (circle.length > 1) circles.push(circle.toSorted())
    }
    return lowest
  }
  for (const { path } of files) if (!index.has(path)) visit(path)
  return circles
}

/**
 * Bundles the dashboard's page into files that are named by their content, compressed at once: Node serves them as they are.
 * By itself it writes them into `dist/page`, where the bundle looks for them.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { rolldown, type OutputChunk, type RolldownOutput } from 'rolldown'
import { parseAst } from 'rolldown/parseAst'
import { at, isObject, stringAt } from '../src/api/json.ts'
import type { Asset, Assets } from '../dashboard/server/assets.ts'

const page = new URL('../dashboard/page/', import.meta.url).pathname

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Browsers that know light-dark() and popovers, the youngest things that the page needs. */
const targets = ['es2023', 'chrome123', 'firefox125', 'safari17.5']

/**
 * Builds the page in memory. Rolldown bundles the scripts, because it leaves what the list needs in
 * one file, which the parts loaded on demand import. esbuild would make another file of what they
 * share, and the first paint would wait for it.
 */
export const buildPage = async (): Promise<Assets> => {
  const [scripts, style] = await Promise.all([buildScripts(), buildStyle()])
  const entry = scripts.find(({ isEntry }) => isEntry)
  const icon = named('icon', 'svg', readFileSync(join(page, 'icon.svg')))
  const document = readFileSync(join(page, 'index.html'), 'utf8')
    .replace('%script%', entry?.asset.path ?? '')
    .replace('%style%', style.path)
    .replace('%icon%', icon.path)
  return { document, files: [...scripts.map(script => script.asset), style, icon] }
}

/** Builds the scripts. The list's code stays in the entry chunk: the browser would load each other chunk before the first paint. */
const buildScripts = async (): Promise<{ readonly isEntry: boolean; readonly asset: Asset }[]> => {
  const main = join(page, 'main.tsx')
  const bundle = await rolldown({
    input: { page: main },
    platform: 'browser',
    tsconfig: join(page, 'tsconfig.json'),
    plugins: [{ name: 'what the page reads of the schema', transform: (code, id) => withoutUnread(code, id) }],
    transform: { target: targets },
  })
  const naming = { entryFileNames: 'entry-[hash].js', chunkFileNames: '[name]-[hash].js' }
  const parts = chunksOf(await bundle.generate({ ...naming, format: 'esm' }))
  const first = new Set(
    reachedFrom(parts.find(({ isEntry }) => isEntry)?.fileName ?? '', parts).flatMap(({ moduleIds }) => moduleIds),
  )
  const built = await bundle.generate({
    ...naming,
    format: 'esm',
    minify: true,
    // Marks of pure calls are for bundlers. A browser would load half a kilobyte of them.
    comments: { annotation: false },
    codeSplitting: { groups: [{ name: 'page', test: id => first.has(id) }] },
  })
  await bundle.close()
  return chunksOf(built)
    .filter(({ moduleIds }) => moduleIds.length > 0)
    .map(({ code, fileName, moduleIds }) => ({
      isEntry: moduleIds.includes(main),
      asset: asset(`/assets/${fileName}`, Buffer.from(code)),
    }))
}

/** What the page does not read of an object in the schema, and the member that it reads in place of it. */
const unread = [
  // A rule is also a function, and its text is for the API server.
  { member: 'rule', if: 'message' },
  // A form shows the hint.
  { member: 'description', if: 'hint' },
] as const

/** Returns a file of the schema without what the page does not read. Null for any other file. */
export const withoutUnread = (code: string, id: string): string | null => {
  if (!/\/src\/(?:api|drivers)\/.*\.ts$/.test(id)) return null
  const dropped = propertiesToDrop(parseAst(code, { lang: 'ts' })).toSorted((a, b) => b.start - a.start)
  return dropped.reduce((text, { end, start }) => text.slice(0, start) + text.slice(end).replace(/^\s*,/, ''), code)
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Returns where the properties of all objects below a node are that the page does not read. */
const propertiesToDrop = (node: unknown): readonly Span[] => {
  if (Array.isArray(node)) return node.flatMap(propertiesToDrop)
  if (!isObject(node)) return []
  const properties: readonly unknown[] =
    node['type'] === 'ObjectExpression' && Array.isArray(node['properties']) ? node['properties'] : []
  const named = (name: string): unknown => properties.find(property => stringAt(property, 'key', 'name') === name)
  const own = unread.flatMap(({ if: read, member }) => (named(read) === undefined ? [] : spanOf(named(member))))
  const below = Object.values(node).flatMap(propertiesToDrop)
  return [...own, ...below.filter(({ start }) => !own.some(span => span.start <= start && start < span.end))]
}

const spanOf = (node: unknown): readonly Span[] => {
  const [start, end] = [at(node, 'start'), at(node, 'end')]
  return typeof start === 'number' && typeof end === 'number' ? [{ start, end }] : []
}

const chunksOf = ({ output }: RolldownOutput): OutputChunk[] => output.filter(file => file.type === 'chunk')

/** Returns a chunk, and all that it imports at once. */
const reachedFrom = (name: string, chunks: readonly OutputChunk[]): OutputChunk[] => {
  const chunk = chunks.find(({ fileName }) => fileName === name)
  return chunk === undefined ? [] : [chunk, ...chunk.imports.flatMap(imported => reachedFrom(imported, chunks))]
}

const buildStyle = async (): Promise<Asset> => {
  const { outputFiles } = await build({
    stdin: {
      contents: styles.map(name => `@import './style/${name}.css';`).join('\n'),
      resolveDir: page,
      loader: 'css',
    },
    bundle: true,
    minify: true,
    target: targets.slice(1),
    write: false,
    logLevel: 'warning',
  })
  return named('style', 'css', outputFiles[0]?.contents ?? new Uint8Array())
}

/** In the order of the cascade. */
const styles = ['tokens', 'base', 'list', 'form'] as const

const named = (name: string, extension: string, content: Uint8Array): Asset =>
  asset(`/assets/${name}-${createHash('sha256').update(content).digest('hex').slice(0, 8)}.${extension}`, content)

const asset = (path: string, content: Uint8Array): Asset => ({
  path,
  type: types[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
  gzip: gzipSync(content, { level: 9 }),
  brotli: brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
})

/** Writes the page into a folder: a manifest, and each file twice. */
export const writePage = async (folder: string): Promise<void> => {
  const { document, files } = await buildPage()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const names = files.map(({ brotli, gzip, path, type }) => {
    const name = basename(path)
    writeFileSync(join(folder, `${name}.br`), brotli)
    writeFileSync(join(folder, `${name}.gz`), gzip)
    return { path, type, name }
  })
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ document, files: names }))
  const bytes = files.reduce((sum, { gzip }) => sum + gzip.length, 0)
  console.log(`${folder}: ${files.length} files, ${Math.round(bytes / 1024)} kB compressed`)
}

if (import.meta.main) await writePage(process.argv[2] ?? 'dist/page')

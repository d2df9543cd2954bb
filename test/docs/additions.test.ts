import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { productFolders } from '../../scripts/count/source.ts'

const driverPage = readFileSync('contributing/add-a-driver.md', 'utf8')
const senderPage = readFileSync('contributing/add-a-sender.md', 'utf8')

interface PageFile {
  readonly path: string
  readonly text: string
}

/** Returns a page's files: a path in a line of its own, and the block below it. */
const filesOf = (page: string): readonly PageFile[] =>
  [...page.matchAll(/^`([^`\n]+)`:\n\n```\w+\n([^]*?)```$/gm)].map(([, path = '', text = '']) => ({ path, text }))

const driverFiles = filesOf(driverPage)
const senderFiles = filesOf(senderPage)

/** What goes into the two lists of drivers, in the order of the page: an import and an entry for each. */
const [, lists = ''] = /^## 3[^]*?\n([^]*?)^## 4/m.exec(driverPage) ?? []
const driverLines = [...lists.matchAll(/^```ts\n([^]*?)```$/gm)].map(([, text = '']) => text)

/** The files of the two lists. */
const listed = ['src/drivers/registry.ts', 'src/drivers/schemas.ts']

/** The two lines that go into the registry of senders. */
const [, senderImport = '', senderEntry = ''] =
  /^```ts\n(import \{ \w+ \} from '.+'\n)```\n\n```ts\n( {2}\w+,\n)```$/m.exec(senderPage) ?? []

/** How a test reads Lighthouse's configuration. */
const [, senderReader = ''] = /^```ts\n( {2}lighthouse: texts => [^]*?)```$/m.exec(senderPage) ?? []

const settings = ['package.json', 'tsconfig.json', 'vitest.config.ts', '.oxlintrc.json', '.oxfmtrc.json']
const folders = [
  ...productFolders.filter(each => !each.startsWith('deploy')),
  'deploy',
  'scripts',
  'test',
  'bench',
  'crds',
  'docs',
  'contributing',
  '.github',
]
const copied = [...folders, ...settings]

/** Returns every file of a tree, with what stands in it. */
const contentsOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    globSync([...folders.map(each => `${each}/**/*`), '*.{json,ts}', '.*.json'], { cwd: folder })
      .filter(path => statSync(join(folder, path)).isFile())
      .toSorted()
      .map(path => [
        path,
        createHash('sha256')
          .update(readFileSync(join(folder, path)))
          .digest('hex'),
      ]),
  )

/** Returns the files that differ between two trees, or are in one alone. */
const differing = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): readonly string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter(path => one.get(path) !== other.get(path)).toSorted()

const copy = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'additions-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const part of copied) cpSync(part, join(folder, part), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  return folder
}

const write = (folder: string, files: readonly PageFile[]): void => {
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** Puts `begin` before a file, and edits the rest. */
const edit = (path: string, begin: string, edited: (text: string) => string): void => {
  const text = readFileSync(path, 'utf8')
  expect(edited(text)).not.toBe(text)
  writeFileSync(path, begin + edited(text))
}

/** Does by hand what the page on adding a sender says. */
const addSender = (folder: string): void => {
  write(folder, senderFiles)
  const into = (path: string, list: string, line: string, before = ''): void =>
    edit(join(folder, path), before, text => text.replace(list, list + line))
  into('src/senders/registry.ts', 'export const senders: readonly Sender[] = [\n', senderEntry, senderImport)
  into('cli/snippets/registry.ts', 'export const snippets: readonly Snippet[] = [\n', senderEntry, senderImport)
  into('test/snippets/products.ts', 'export const products: Readonly<Record<string, Product>> = {\n', senderReader)
}

/** Does by hand what the page on adding a driver says. */
const addDriver = (folder: string): void => {
  write(folder, driverFiles)
  const [declarationImport = '', declaration = '', driverImport = '', driver = ''] = driverLines
  edit(join(folder, 'src/drivers/schemas.ts'), declarationImport, text =>
    text.replace(/(const declarations = \[[^\]]*?),?\s*\]/, `$1, ${declaration.trim()}]`),
  )
  edit(join(folder, 'src/drivers/registry.ts'), driverImport, text =>
    text.replace(/(const byName: .* = \{\n(?: .*\n)*)\}/, `$1${driver}}`),
  )
}

/** Takes out by hand what {@link addDriver} has put in. */
const takeOutDriver = (folder: string): void => {
  rmSync(join(folder, 'src/drivers/refresh'), { recursive: true })
  rmSync(join(folder, 'test/api/refresh-deployment.test.ts'))
  for (const path of listed) cpSync(path, join(folder, path))
}

/** Runs a program of node_modules in a folder, and answers what it prints, also where it fails. */
const run = async (cwd: string, program: string, ...args: readonly string[]): Promise<string> => {
  // What this run is asked for is not asked of that one: it has one test file, and no coverage is kept of it.
  const { CI: _, COVERAGE: __, NODE_V8_COVERAGE: ___, ...rest } = process.env
  const env = { ...rest, VITEST: '', NO_COLOR: '1' }
  const ran = await promisify(execFile)(resolve('node_modules/.bin', program), args, { cwd, env }).catch(
    (error: { stdout: string; stderr: string }) => ({ ...error, stdout: `failed: ${error.stdout}` }),
  )
  return ran.stdout + ran.stderr
}

/** Runs `generate`, and returns the files that it has written. */
const generate = async (folder: string): Promise<readonly string[]> => {
  const said = await run(folder, 'node', 'scripts/generate.ts')
  expect(said).not.toMatch(/failed/)
  return [...said.matchAll(/^wrote (.*)$/gm)].map(([, path = '']) => path).toSorted()
}

it('the page on adding a driver has everything: a folder, a test, and the lines for two lists', () => {
  expect(driverFiles.map(({ path }) => path)).toEqual([
    'src/drivers/refresh/schema.ts',
    'src/drivers/refresh/refresh.ts',
    'test/api/refresh-deployment.test.ts',
  ])
  expect(driverLines.map(text => text.trim())).toEqual([
    "import { refreshDeclaration } from './refresh/schema.ts'",
    'refreshDeclaration',
    "import { refresh } from './refresh/refresh.ts'",
    'refresh: anyDriver(refresh),',
  ])
})

it('the page on adding a sender has everything: a sender, bodies, a test, and two lines for the registry', () => {
  expect(senderFiles.map(({ path }) => path)).toEqual([
    'src/senders/lighthouse.ts',
    'cli/snippets/lighthouse.ts',
    ...['down', 'down-still', 'down-again', 'up', 'seen'].map(name => `test/senders/bodies/lighthouse/${name}.json`),
    'test/senders/lighthouse.test.ts',
  ])
  expect(senderImport + senderEntry).toBe("import { lighthouse } from './lighthouse.ts'\n  lighthouse,\n")
})

// One copy of the tree has both: to compile, lint and test it twice would cost twice as much.
describe('who follows both pages', () => {
  it('has a sender and a driver that work, all that follows from them, and no other change; and can take the driver out again', async () => {
    const folder = copy()
    const text = (path: string): string => readFileSync(join(folder, path), 'utf8')
    addSender(folder)
    await generate(folder)
    expect(text('docs/reference/senders.md')).toContain('| [Lighthouse](#lighthouse) |')

    const before = contentsOf(folder)
    expect(driverFiles.filter(({ path }) => before.has(path))).toEqual([])
    addDriver(folder)
    const generated = await generate(folder)
    expect(differing(before, contentsOf(folder))).toEqual(
      [...driverFiles.map(({ path }) => path), ...listed, ...generated].toSorted(),
    )
    expect(text('crds/receiverhooks.yaml')).toContain('Restarts a Deployment, once for each delivery.')
    expect(text('deploy/kustomize/cluster/optional-roles.yaml')).toContain('name: receiver-hooks-trigger-refresh')
    expect(text('deploy/kustomize/components/refresh/bindings.yaml')).toContain('name: receiver-hooks-trigger-refresh')
    expect(text('deploy/helm/receiver-hooks/values.yaml')).toMatch(/^ {2}refresh:$/m)
    expect(text('docs/reference/permissions.md')).toContain('to restart a Deployment')
    expect(text('docs/reference/receiverhook.md')).toContain('spec.refresh.deployment')
    expect(text('docs/reference/command-line.md')).toContain('--deployment')
    const policies = text('deploy/kustomize/cluster/admission-policies.yaml')
    expect(policies).toContain("'restart Deployment/' + variables.refresh.deployment")
    expect(policies).toMatch(/of deployments the trigger changes only the tag .*; or the annotation that restarts it/)
    expect(policies).toContain("k.startsWith('refresh.receiverhooks.dev/')")

    const code = [...driverFiles, ...senderFiles].map(({ path }) => path).filter(path => path.endsWith('.ts'))
    const ofSenders = [
      ...['lighthouse', 'bodies', 'configurations'].map(name => `test/senders/${name}.test.ts`),
      'test/snippets/snippets.test.ts',
    ]
    const ofDrivers = ['test/map.test.ts', 'test/drivers/schemas.test.ts', 'test/schema/crd.test.ts']
    const tests = [...ofSenders, ...ofDrivers, 'test/api/refresh-deployment.test.ts']
    const [compiled, linted, formatted, tested, posted, fuzzed] = await Promise.all([
      run(folder, 'tsc', '--noEmit'),
      run(folder, 'oxlint', '--type-aware', '--deny-warnings', ...code),
      run(folder, 'oxfmt', '--check', ...code),
      run(folder, 'vitest', 'run', '--project', 'unit', '--project', 'in-memory', '--reporter', 'verbose', ...tests),
      run(folder, 'vitest', 'run', '--project', 'in-memory', 'test/api/senders.test.ts', '-t', 'lighthouse'),
      run(folder, 'node', 'scripts/fuzz.ts', '--bodies', '2000', 'lighthouse'),
    ])
    expect(compiled).toBe('')
    expect(linted).toContain('Found 0 warnings and 0 errors')
    expect(formatted).not.toMatch(/failed/)
    expect(tested).toContain('lighthouse: down-still')
    expect(tested).toContain('a check of Lighthouse may be a number')
    expect(tested).toContain('test/api/refresh-deployment.test.ts')
    expect(tested).not.toMatch(/\d failed|FAIL/)
    expect(posted).toMatch(/Tests +1 passed/)
    expect(fuzzed).toMatch(/lighthouse: 2000 messages, \d+ % recognised/)

    takeOutDriver(folder)
    await generate(folder)
    expect(differing(before, contentsOf(folder))).toEqual([])
  }, 240_000)
})

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

const page = readFileSync('docs/develop/add-a-driver.md', 'utf8')

/** The page's files: a path in a line of its own, and the block below it. */
const added = [...page.matchAll(/^`([^`\n]+)`:\n\n```\w+\n([^]*?)```$/gm)].map(([, path = '', text = '']) => ({
  path,
  text,
}))

/** What goes into the two lists, in the order of the page: an import and an entry for each. */
const [, lists = ''] = /^## 3[^]*?\n([^]*?)^## 4/m.exec(page) ?? []
const lines = [...lists.matchAll(/^```ts\n([^]*?)```$/gm)].map(([, text = '']) => text)

/** The files of the two lists. */
const listed = ['src/drivers/registry.ts', 'src/drivers/schemas.ts']

const settings = ['package.json', 'tsconfig.json', 'vitest.config.ts', '.oxlintrc.json', '.oxfmtrc.json']
const copied = ['src', 'scripts', 'test', 'bench', 'crds', 'deploy', 'docs', ...settings]

/** Every file of a tree, with what stands in it. */
const contentsOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    globSync(['{src,scripts,test,bench,crds,deploy,docs}/**/*', '*.{json,ts}', '.*.json'], { cwd: folder })
      .filter(path => statSync(join(folder, path)).isFile())
      .toSorted()
      .map(path => [
        path,
        createHash('sha256')
          .update(readFileSync(join(folder, path)))
          .digest('hex'),
      ]),
  )

/** The files that differ between two trees, or are in one alone. */
const differing = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): readonly string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter(path => one.get(path) !== other.get(path)).toSorted()

const copy = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'add-a-driver-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const part of copied) cpSync(part, join(folder, part), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Does what the page says, by hand. */
const follow = (folder: string): void => {
  for (const { path, text } of added) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const [declarationImport = '', declaration = '', driverImport = '', driver = ''] = lines
  const edit = (path: string, begin: string, edited: (text: string) => string): void => {
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, begin + edited(text))
    expect(edited(text)).not.toBe(text)
  }
  edit(join(folder, 'src/drivers/schemas.ts'), declarationImport, text =>
    text.replace(/(const declarations = \[[^\]]*?),?\s*\]/, `$1, ${declaration.trim()}]`),
  )
  edit(join(folder, 'src/drivers/registry.ts'), driverImport, text =>
    text.replace(/(const byName: .* = \{\n(?: .*\n)*)\}/, `$1${driver}}`),
  )
}

/** Takes out by hand what {@link follow} has put in. */
const takeOut = (folder: string): void => {
  rmSync(join(folder, 'src/drivers/restart'), { recursive: true })
  rmSync(join(folder, 'test/api/restart-deployment.test.ts'))
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

/** Generates, and answers which files were written by that. */
const generate = async (folder: string): Promise<readonly string[]> => {
  const said = await run(folder, 'node', 'scripts/generate.ts')
  expect(said).not.toMatch(/failed/)
  return [...said.matchAll(/^wrote (.*)$/gm)].map(([, path = '']) => path).toSorted()
}

describe('whoever follows the page on adding a driver', () => {
  it('finds everything on it: a folder, a test, and the lines for two lists', () => {
    expect(added.map(({ path }) => path)).toEqual([
      'src/drivers/restart/schema.ts',
      'src/drivers/restart/restart.ts',
      'test/api/restart-deployment.test.ts',
    ])
    expect(lines.map(text => text.trim())).toEqual([
      "import { restartDeclaration } from './restart/schema.ts'",
      'restartDeclaration',
      "import { restart } from './restart/restart.ts'",
      'restart: anyDriver(restart),',
    ])
  })

  it('has a driver that compiles and runs, all that follows from it, and no other change; and can take it out again', async () => {
    const folder = copy()
    const before = contentsOf(folder)
    expect(added.filter(({ path }) => before.has(path))).toEqual([])
    follow(folder)
    const generated = await generate(folder)
    expect(differing(before, contentsOf(folder))).toEqual(
      [...added.map(({ path }) => path), ...listed, ...generated].toSorted(),
    )
    const text = (path: string): string => readFileSync(join(folder, path), 'utf8')
    expect(text('crds/receiverhooks.yaml')).toContain('Restarts a Deployment, once for each delivery.')
    expect(text('deploy/kustomize/base/cluster-roles.yaml')).toContain('name: receiver-hooks-trigger-restart')
    expect(text('deploy/kustomize/components/restart/bindings.yaml')).toContain('name: receiver-hooks-trigger-restart')
    expect(text('deploy/helm/receiver-hooks/values.yaml')).toMatch(/^ {2}restart:$/m)
    expect(text('docs/reference/permissions.md')).toContain('to restart a Deployment')
    expect(text('docs/reference/receiverhook.md')).toContain('spec.restart.deployment')
    expect(text('docs/reference/command-line.md')).toContain('--deployment')
    const policies = text('deploy/kustomize/cluster/admission-policies.yaml')
    expect(policies).toContain("'restart Deployment/' + variables.restart.deployment")
    expect(policies).toMatch(/of deployments the trigger changes only the tag .*; or the annotation that restarts it/)
    expect(policies).toContain("k.startsWith('restart.receiverhooks.dev/')")

    const tests = ['test/map.test.ts', 'test/drivers/schemas.test.ts', 'test/schema/crd.test.ts']
    const code = added.map(({ path }) => path)
    const [compiled, linted, formatted, posted, held] = await Promise.all([
      run(folder, 'tsc', '--noEmit'),
      run(folder, 'oxlint', '--type-aware', '--deny-warnings', ...code),
      run(folder, 'oxfmt', '--check', ...code),
      run(folder, 'vitest', 'run', '--project', 'in-memory', 'test/api/restart-deployment.test.ts'),
      run(folder, 'vitest', 'run', '--project', 'unit', ...tests),
    ])
    expect(compiled).toBe('')
    expect(linted).toContain('Found 0 warnings and 0 errors')
    expect(formatted).not.toMatch(/failed/)
    expect(posted).toMatch(/Tests +1 passed/)
    expect(held).not.toMatch(/failed/i)

    takeOut(folder)
    await generate(folder)
    expect(differing(before, contentsOf(folder))).toEqual([])
  }, 240_000)
})

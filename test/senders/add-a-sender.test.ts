import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'

const page = readFileSync('docs/develop/add-a-sender.md', 'utf8')

/** The page's files: a path in a line of its own, and the block below it. */
const files = [...page.matchAll(/^`([^`\n]+)`:\n\n```\w+\n([^]*?)```$/gm)].map(([, path = '', text = '']) => ({
  path,
  text,
}))

/** The two lines that go into the registry. */
const [, importLine = '', entry = ''] =
  /^```ts\n(import \{ \w+ \} from '.+'\n)```\n\n```ts\n( {2}\w+,\n)```$/m.exec(page) ?? []

const settings = ['package.json', 'tsconfig.json', 'vitest.config.ts', '.oxlintrc.json', '.oxfmtrc.json']
const copied = ['src', 'scripts', 'test', 'crds', 'docs', ...settings]

/** A copy of the tree, with what the page adds to it. */
const followed = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'add-a-sender-'))
  for (const part of copied) cpSync(part, join(folder, part), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const registry = join(folder, 'src/senders/registry.ts')
  const list = 'export const senders: readonly Sender[] = [\n'
  writeFileSync(registry, importLine + readFileSync(registry, 'utf8').replace(list, list + entry))
  return folder
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

describe('whoever follows the page on adding a sender', () => {
  it('finds everything on it: a sender, bodies, a test, and two lines for the registry', () => {
    expect(files.map(({ path }) => path)).toEqual([
      'src/senders/lighthouse.ts',
      ...['down', 'down-still', 'down-again', 'up', 'seen'].map(name => `test/senders/bodies/lighthouse/${name}.json`),
      'test/senders/lighthouse.test.ts',
    ])
    expect(importLine + entry).toBe("import { lighthouse } from './lighthouse.ts'\n  lighthouse,\n")
  })

  it('has a sender that compiles, passes its tests and those of the table, is fuzzed and is on the reference page', async () => {
    const folder = followed()
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const tests = ['lighthouse', 'bodies', 'configurations'].map(name => `test/senders/${name}.test.ts`)
    const code = files.map(({ path }) => path).filter(path => path.endsWith('.ts'))
    const [compiled, linted, formatted, tested, posted, fuzzed] = await Promise.all([
      run(folder, 'tsc', '--noEmit'),
      run(folder, 'oxlint', '--type-aware', '--deny-warnings', ...code),
      run(folder, 'oxfmt', '--check', ...code),
      run(folder, 'vitest', 'run', '--project', 'unit', '--reporter', 'verbose', ...tests),
      run(folder, 'vitest', 'run', '--project', 'in-memory', 'test/api/senders.test.ts', '-t', 'lighthouse'),
      run(folder, 'node', 'scripts/fuzz.ts', '--bodies', '2000', 'lighthouse'),
    ])
    expect(compiled.split('\n').filter(line => /^(failed: )?(src|test)\/senders/.test(line))).toEqual([])
    expect(tested).toContain('lighthouse: down-still')
    expect(tested).toContain('a check of Lighthouse may be a number')
    expect(tested).not.toMatch(/failed/i)
    expect(linted).toContain('Found 0 warnings and 0 errors')
    expect(formatted).not.toMatch(/failed/)
    expect(posted).toMatch(/Tests +1 passed/)
    expect(fuzzed).toMatch(/lighthouse: 2000 messages, \d+ % recognised/)
    await run(folder, 'node', 'scripts/generate.ts')
    expect(readFileSync(join(folder, 'docs/reference/senders.md'), 'utf8')).toContain('| [Lighthouse](#lighthouse) |')
  })
})

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'receiver-hooks-bundle-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Asks one question, as the product does, and prints the answer. */
const asking = `
  import { nodeClock } from './src/environment/node.ts'
  import { forkEvaluator } from './src/expressions/worker/process.ts'
  import { supervisedExpressions } from './src/expressions/worker/supervised.ts'
  const expressions = supervisedExpressions(nodeClock, forkEvaluator)
  const variables = { headers: { 'x-a': 'b' }, query: {}, sender: 'plain' }
  const expression = "headers['x-a'] == 'b' && body == null"
  console.log(JSON.stringify(await expressions.evaluate({ owner: 'a', expression, variables, withinMs: 30_000 })))
  expressions.close()
`

test(
  'what the bundle brings for expressions runs by itself, beside the file that starts it',
  { timeout: 120_000 },
  async () => {
    const run = promisify(execFile)
    await run(process.execPath, ['scripts/build.ts', folder])
    await build({
      stdin: { contents: asking, resolveDir: process.cwd(), loader: 'ts' },
      outfile: join(folder, 'asking.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      logLevel: 'error',
    })
    const { stdout } = await run(process.execPath, [join(folder, 'asking.mjs')], { cwd: '/' })
    expect(stdout).toBe('{"counts":true}\n')
  },
)

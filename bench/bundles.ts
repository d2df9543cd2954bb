import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { bundled } from '../scripts/bundling.ts'

/** The programs that are measured, bundled as the product is delivered. */
export interface Bundles {
  readonly product: string
  readonly bare: string
  readonly remove: () => void
}

/** Bundles the programs of a tree, of this one by default. */
export const makeBundles = (tree = process.cwd()): Bundles => {
  const folder = mkdtempSync(join(tmpdir(), 'receiver-hooks-bench-bundles-'))
  execFileSync(process.execPath, ['scripts/build.ts', folder], {
    cwd: tree,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const bare = join(folder, 'bare.mjs')
  buildSync({ ...bundled(), entryPoints: [join(import.meta.dirname, 'serve/bare.ts')], outfile: bare })
  return {
    product: join(folder, 'receiver-hooks.mjs'),
    bare,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'

/** The programs that are measured, each bundled into one file, as the product is delivered. */
export interface Bundles {
  readonly product: string
  readonly bare: string
  readonly remove: () => void
}

export const makeBundles = (): Bundles => {
  const folder = mkdtempSync(join(tmpdir(), 'receiver-hooks-bench-bundles-'))
  execFileSync(process.execPath, ['scripts/build.ts', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  const bare = join(folder, 'bare.mjs')
  buildSync({
    entryPoints: [join(import.meta.dirname, 'serve/bare.ts')],
    outfile: bare,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    logLevel: 'warning',
    banner: {
      js: `import { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);`,
    },
  })
  return {
    product: join(folder, 'receiver-hooks.mjs'),
    bare,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

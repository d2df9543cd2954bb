/** Bundles the product into one file that Node 24 runs by itself: no node_modules, no compiler. */
import { build } from 'esbuild'

const outfile = 'dist/receiver-hooks.mjs'

const { metafile } = await build({
  entryPoints: ['src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  metafile: true,
  logLevel: 'warning',
  // Some dependencies are CommonJS and require Node's own modules.
  banner: {
    js: `import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);`,
  },
})
console.log(`${outfile}: ${Math.round((metafile.outputs[outfile]?.bytes ?? 0) / 1024)} kB`)

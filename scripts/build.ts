/**
 * Bundles the product into files that Node 24 runs by themselves, with no node_modules and no compiler: the product, the
 * small program that it starts for expressions, and the parts that either loads only when they are needed. Another folder
 * than `dist` can be named.
 */
import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { bundled, httpByRequire } from './bundling.ts'

const outdir = process.argv[2] ?? 'dist'

/** An older Node would fail somewhere inside a dependency, with a message that says nothing. */
const needsNode24 = `
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write('receiver-hooks needs Node 24 or later, and this is ' + process.version + ': use the "node" in node_modules/.bin, or npm start\\n');
  process.exit(1);
}`

const { metafile } = await build({
  ...bundled(needsNode24),
  entryPoints: {
    'receiver-hooks': 'src/main.ts',
    // src/environment/expressions/process.ts looks for it under this name.
    'receiver-hooks-evaluator': 'src/environment/expressions/child.ts',
  },
  outdir,
  // What is imported on demand is in files of its own, so that it costs neither time nor memory before.
  splitting: true,
  plugins: [httpByRequire],
  chunkNames: 'part-[hash]',
  sourcemap: 'linked',
  legalComments: 'linked',
  metafile: true,
})
// A part is named by its content: those of an earlier build would stay beside the new ones.
const made = new Set(Object.keys(metafile.outputs).map(file => basename(file)))
for (const file of readdirSync(outdir)) {
  if (/^part-[A-Z0-9]{8}\.mjs/.test(file) && !made.has(file)) rmSync(join(outdir, file))
}
const outputs = Object.entries(metafile.outputs).filter(([file]) => file.endsWith('.mjs'))
for (const [file, { bytes, entryPoint }] of outputs) {
  if (entryPoint !== undefined && basename(file).startsWith('receiver-hooks')) {
    console.log(`${file}: ${Math.round(bytes / 1024)} kB`)
  }
}
const parts = outputs.filter(([file]) => basename(file).startsWith('part-'))
console.log(`${parts.length} parts: ${Math.round(parts.reduce((sum, [, { bytes }]) => sum + bytes, 0) / 1024)} kB`)

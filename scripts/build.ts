/**
 * Bundles the product into files that Node runs by themselves, with no node_modules and no
 * compiler. These are the product, the small program that it starts for expressions, and the parts
 * that either loads on demand. Another folder than `dist` can be named.
 * Next to them it writes NOTICES.txt, with the licences of what is bundled, and meta.json, with the
 * sources of each file.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { bundled, httpByRequire, onlyWhatIsUsed } from './bundling.ts'
import { writePage } from './page.ts'
import { notices } from './notices.ts'

/** The packages in the dashboard's page, which is bundled by itself. */
const ofPage = ['preact', '@preact/signals', '@preact/signals-core'].map(name => `node_modules/${name}/package.json`)

const outdir = process.argv[2] ?? 'dist'

/** An older Node would fail somewhere inside a dependency, with a message that says nothing. */
const needsNode20 = `
if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write('receiver-hooks needs Node 20 or later, and this is ' + process.version + ': install it from https://nodejs.org\\n');
  process.exit(1);
}`

const { metafile, outputFiles } = await build({
  ...bundled(needsNode20),
  entryPoints: {
    'receiver-hooks': 'src/main.ts',
    'kubectl-receiverhook': 'src/plugin.ts',
    // src/expressions/worker/process.ts looks for it under this name.
    'receiver-hooks-evaluator': 'src/expressions/worker/child.ts',
    // src/trigger/reading/start.ts likewise.
    'receiver-hooks-reader': 'src/trigger/reading/thread.ts',
  },
  // The source maps name the sources as seen from this folder, and the names of the parts depend on the source maps. So it is
  // the same one for every build, and the files are written afterwards: the same source then gives the same files anywhere.
  outdir: 'dist',
  write: false,
  // What is imported on demand is in files of its own, so that it costs neither time nor memory before.
  splitting: true,
  plugins: [httpByRequire, onlyWhatIsUsed],
  chunkNames: 'part-[hash]',
  sourcemap: 'linked',
  // NOTICES.txt has the licences whole.
  legalComments: 'none',
  metafile: true,
})
mkdirSync(outdir, { recursive: true })
for (const { contents, path } of outputFiles) writeFileSync(join(outdir, basename(path)), contents)
// A part is named by its content: those of an earlier build would stay next to the new ones.
const made = new Set(Object.keys(metafile.outputs).map(file => basename(file)))
for (const file of readdirSync(outdir)) {
  if (/^part-[A-Z0-9]{8}\.mjs/.test(file) && !made.has(file)) rmSync(join(outdir, file))
}
writeFileSync(join(outdir, 'NOTICES.txt'), notices([...Object.keys(metafile.inputs), ...ofPage]))
writeFileSync(join(outdir, 'meta.json'), JSON.stringify(metafile))
const outputs = Object.entries(metafile.outputs).filter(([file]) => file.endsWith('.mjs'))
for (const [file, { bytes, entryPoint }] of outputs) {
  if (entryPoint !== undefined && basename(file).startsWith('receiver-hooks')) {
    console.log(`${join(outdir, basename(file))}: ${Math.round(bytes / 1024)} kB`)
  }
}
const parts = outputs.filter(([file]) => basename(file).startsWith('part-'))
console.log(`${parts.length} parts: ${Math.round(parts.reduce((sum, [, { bytes }]) => sum + bytes, 0) / 1024)} kB`)
// The dashboard looks for its page next to the bundle.
await writePage(join(outdir, 'page'))

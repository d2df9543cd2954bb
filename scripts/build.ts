/**
 * Bundles the product into files that Node 24 runs by themselves, with no node_modules and no compiler: the product, and
 * beside it the small program that it starts for expressions. Another folder than `dist` can be named.
 */
import { build } from 'esbuild'

const outdir = process.argv[2] ?? 'dist'

/** An older Node would fail somewhere inside a dependency, with a message that says nothing. */
const needsNode24 = `
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write('receiver-hooks needs Node 24 or later, and this is ' + process.version + ': use the "node" in node_modules/.bin, or npm start\\n');
  process.exit(1);
}`

const { metafile } = await build({
  entryPoints: {
    'receiver-hooks': 'src/main.ts',
    // src/environment/expressions/process.ts looks for it under this name.
    'receiver-hooks-evaluator': 'src/environment/expressions/child.ts',
  },
  outdir,
  outExtension: { '.js': '.mjs' },
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
    js: `import { createRequire as bundleRequire } from 'node:module';
const require = bundleRequire(import.meta.url);${needsNode24}`,
  },
})
for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
  if (file.endsWith('.mjs')) console.log(`${file}: ${Math.round(bytes / 1024)} kB`)
}

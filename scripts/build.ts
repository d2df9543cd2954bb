/** Bundles the product into one file that Node 24 runs by itself: no node_modules, no compiler. */
import { build } from 'esbuild'

const outfile = 'dist/receiver-hooks.mjs'

/** An older Node would fail somewhere inside a dependency, with a message that says nothing. */
const needsNode24 = `
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write('receiver-hooks needs Node 24 or later, and this is ' + process.version + ': use the "node" in node_modules/.bin, or npm start\\n');
  process.exit(1);
}`

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
    js: `import { createRequire as bundleRequire } from 'node:module';
const require = bundleRequire(import.meta.url);${needsNode24}`,
  },
})
console.log(`${outfile}: ${Math.round((metafile.outputs[outfile]?.bytes ?? 0) / 1024)} kB`)

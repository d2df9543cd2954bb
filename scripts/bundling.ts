import type { BuildOptions } from 'esbuild'

/**
 * How TypeScript becomes files that Node 24 runs by themselves. Names stay as they are, but esbuild's keepNames is not for
 * this: it defines the name of each closure whenever one is made, in a dictionary of 256 bytes.
 */
export const bundled = (head = ''): BuildOptions => ({
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
  // Some dependencies are CommonJS and require Node's own modules.
  banner: {
    js: `import { createRequire as bundleRequire } from 'node:module';
const require = bundleRequire(import.meta.url);${head}`,
  },
})

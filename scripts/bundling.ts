import type { BuildOptions, Plugin } from 'esbuild'

/**
 * Returns how TypeScript becomes files that Node runs by themselves: the command line on every version that is maintained, and what serves
 * on Node 24. Names stay as they are, but esbuild's keepNames is not for
 * this: it defines the name of each closure whenever one is made, in a dictionary of 256 bytes.
 */
export const bundled = (head = ''): BuildOptions => ({
  bundle: true,
  platform: 'node',
  target: 'node20',
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

/**
 * An import of node:http reads each of its exports, and one of them loads the fetch that is built into Node: 20 ms and
 * megabytes at each start. A require reads none.
 */
export const httpByRequire: Plugin = {
  name: 'node:http by require',
  setup: build => {
    build.onResolve({ filter: /^node:http$/ }, ({ kind, path }) =>
      kind === 'import-statement' ? { path, namespace: 'by-require' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'by-require' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

/**
 * What the product takes of libraries whose index loads more: undici's has fetch, mocks, caches and web sockets, and prom-client's has
 * summaries, a cluster and a gateway.
 */
const usedOf: Readonly<Record<string, string>> = {
  undici: `
    const Dispatcher = require('undici/lib/dispatcher/dispatcher')
    Object.assign(Dispatcher.prototype, require('undici/lib/api'))
    exports.Agent = require('undici/lib/dispatcher/agent')
    exports.Client = require('undici/lib/dispatcher/client')
    exports.Pool = require('undici/lib/dispatcher/pool')
    exports.buildConnector = require('undici/lib/core/connect')`,
  'prom-client': `
    exports.Registry = require('prom-client/lib/registry')
    exports.Counter = require('prom-client/lib/counter')
    exports.Gauge = require('prom-client/lib/gauge')
    exports.Histogram = require('prom-client/lib/histogram')
    exports.collectDefaultMetrics = require('prom-client/lib/defaultMetrics')`,
}

/**
 * What express and its parts load at each start for features that the product has no use for, and what stands in its place. The
 * parser of JSON is loaded where it is used: by the dashboard.
 */
const inPlaceOf: Readonly<Record<string, string>> = {
  'body-parser': `exports.json = options => require('body-parser/lib/types/json')(options)`,
  // Lines for somebody who sets DEBUG: they would have paths in them, and so tokens.
  debug: `module.exports = () => () => undefined`,
  // Charsets other than UTF-8: body-parser answers 415 to them then.
  'iconv-lite': `
    const { StringDecoder } = require('node:string_decoder')
    exports.encodingExists = encoding => /^utf-?8$/i.test(encoding)
    exports.getDecoder = encoding => {
      if (!exports.encodingExists(encoding)) throw new Error('Encoding not recognized: ' + encoding)
      return new StringDecoder('utf8')
    }`,
  // A table of all types that there are: the product names its types whole.
  'mime-types': `
    const types = { bin: 'application/octet-stream', html: 'text/html', json: 'application/json', txt: 'text/plain' }
    exports.lookup = name => types[name] ?? false
    exports.contentType = name => {
      const type = name.includes('/') ? name : exports.lookup(name)
      return type && !type.includes('charset') && /^(?:text\\/|application\\/json)/.test(type) ? type + '; charset=utf-8' : type
    }`,
  qs: `exports.parse = () => { throw new Error('queries are parsed by the simple parser') }`,
  send: `module.exports = () => { throw new Error('no file is served') }`,
  'serve-static': `module.exports = () => { throw new Error('no file is served') }`,
}

/**
 * What parts of libraries load for features that are off, by a pattern of what loads it: prom-client's exemplars, and pino's writing by
 * a thread. The product gives pino a function that writes.
 */
const neverCalled: readonly { readonly from: RegExp; readonly name: RegExp }[] = [
  { from: /node_modules\/prom-client\//, name: /^@opentelemetry\/api$/ },
  { from: /node_modules\/pino\//, name: /^thread-stream$/ },
]

const isOf = (names: Readonly<Record<string, string>>): RegExp => new RegExp(`^(?:${Object.keys(names).join('|')})$`)

/** Leaves out of the bundle what is loaded at each start and never used. */
export const onlyWhatIsUsed: Plugin = {
  name: 'only what is used',
  setup: build => {
    // With this name undici leaves out its second parser of HTTP, which is an experiment, as Node does with its own copy.
    build.initialOptions.define = { ...build.initialOptions.define, esbuildDetection: '1' }
    build.onResolve({ filter: isOf(usedOf) }, ({ path, resolveDir }) => ({
      path,
      namespace: 'used',
      pluginData: resolveDir,
    }))
    build.onLoad({ filter: /.*/, namespace: 'used' }, ({ path, pluginData }) => ({
      contents: usedOf[path] ?? '',
      resolveDir: String(pluginData),
    }))
    build.onResolve({ filter: isOf(inPlaceOf) }, ({ path, resolveDir }) => ({
      path,
      namespace: 'in its place',
      pluginData: resolveDir,
    }))
    build.onLoad({ filter: /.*/, namespace: 'in its place' }, ({ path, pluginData }) => ({
      contents: inPlaceOf[path] ?? '',
      resolveDir: String(pluginData),
    }))
    for (const { from, name } of neverCalled) {
      build.onResolve({ filter: name }, ({ importer, path }) =>
        from.test(importer) ? { path, namespace: 'never called' } : undefined,
      )
    }
    build.onLoad({ filter: /.*/, namespace: 'never called' }, () => ({ contents: '' }))
  },
}

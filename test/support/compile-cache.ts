import { resolve } from 'node:path'

/**
 * A variable for Node processes that run the product from its source: a second one with it takes a third of the time that the
 * first takes. Where coverage is kept it is absent: what comes from the cache is counted less exactly.
 */
export const compileCache: Readonly<Record<string, string>> =
  process.env['NODE_V8_COVERAGE'] === undefined && (process.env['COVERAGE'] ?? '') === ''
    ? { NODE_COMPILE_CACHE: resolve('node_modules/.cache/node-compile-cache') }
    : {}

import { stripTypeScriptTypes } from 'node:module'
import { availableParallelism, totalmem } from 'node:os'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { productFolders } from './scripts/count/source.ts'
import { notRun } from './test/long/not-run.ts'
import { triedAgain } from './test/support/again.ts'
import { completeness } from './test/support/complete.ts'
import { DearestFirst } from './test/support/order.ts'

const isCi = process.env['CI'] !== undefined

/**
 * How often a test that has failed is tried again. CI runs several thousand on two processors, with real servers, and one that a
 * hiccup of the machine has failed is no reason to throw the run away. It is named at the end, to be mended.
 */
const retry = isCi ? 1 : 0

/**
 * How long a test may take, in milliseconds. None is about time that passes for real: a machine that is busy with something else
 * is no reason to fail.
 */
const patience = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 60_000 } }, retry }

/**
 * What `npm test` runs at least of the lines and branches of the product, in percent: a little less than it does. The
 * engine has a floor of its own. The rest is seen in part only: the command line and the dashboard's server also run as a
 * bundle, under kubectl and behind a browser, where coverage does not look.
 */
const floor = {
  lines: 93,
  branches: 84,
  'src/{acts,api,controller,drivers,environment,expressions,kube,operations,record,senders,steps,token,trigger}/**': {
    lines: 95,
    branches: 89,
  },
}

/** The suite that runs, where its coverage is to be kept. */
const suite = process.env['COVERAGE'] ?? ''

/** What runs in a browser alone: the tests of `test/browser` are not counted. */
const inBrowser = ['dashboard/page/**']

/** What runs in less than a minute: tests of files and folders that start no program, without those that take several seconds. */
const quick = {
  include: [
    'test/{acts,expressions/language,gitops,kube,operations,record,sample,schema,senders,snippets,steps,token,trigger}/**/*.test.ts',
    'test/dashboard/page/**/*.test.ts',
    'test/docs/{contributing,links}.test.ts',
    'test/{lengths,map,roles,surprises,words}.test.ts',
  ],
  exclude: [
    'test/acts/histories.test.ts',
    'test/senders/never-throws.test.ts',
    'test/steps/exact.test.ts',
    'test/trigger/budget.test.ts',
    'test/**/mistakes/**',
  ],
}

/**
 * Planted mistakes that every run has to find, one of each kind that is soon found: of a write, its claim and its bounds;
 * of names, cooldown and others' counts; of currency and accounts; of holds; of pages. `npm run test:long -- mistakes` has all.
 */
const sampleOfMistakes = {
  simulation: [
    ...['without-version', 'no-helping', 'claim-after-write', 'up-lowers', 'watched-as-read'],
    ...['dedupe-by-start', 'cooldown-in-memory', 'since-not-kept'],
    ...['filter-ignored', 'account-queue-shared', 'hold-as-flag'],
  ],
  steps: ['page-listed-first'],
}

/**
 * What a person does by the pages and examples, with whole programs. It takes minutes: CI runs it, and `npm run test:long -- pages`.
 */
const pages = [
  'test/docs/{additions,follow,how-to,http,tutorial}.test.ts',
  'test/examples/examples.test.ts',
  'test/playground/pipelines.test.ts',
  'test/cli/{fast,older-node}.test.ts',
  'test/scripts/package/*.test.ts',
]

/** What starts etcd three times, and is run by hand: `npm run test:long -- leases`. */
const leases = ['test/cluster/leases/restored.test.ts']

/** What restores etcd, for minutes, and is run by hand: `npm run test:long -- restored`. */
const restored = ['test/cluster/restored/*.test.ts']

/**
 * What replaces modules, and so needs modules of its own. All other tests here share those of a worker: no module of `src` has
 * state, and to import all of them again for each file took a third of the processor time.
 */
const isolated = [
  'test/expressions/worker/no-memory.test.ts',
  ...Object.entries(sampleOfMistakes).flatMap(([folder, names]) =>
    names.map(name => `test/${folder}/mistakes/${name}.test.ts`),
  ),
]

/**
 * Many tests wait: for a process that starts, or for a time that passes for real. So there are more workers than processors,
 * and as many as have room in half of the memory that a machine has.
 */
const workerBytes = 700 * 1024 * 1024
const maxWorkers = Math.max(1, Math.min(3 * availableParallelism(), Math.floor(totalmem() / 2 / workerBytes)))

/** Without any of these a run prints what it did, and that is all. */
const reporters = ['default', notRun(), ...(isCi ? [completeness(), triedAgain()] : [])]

/**
 * With COVERAGE=NAME a run leaves in `coverage/suites` what it has run of `src`, in the processes that it starts as well.
 * `vitest run --merge-reports=coverage/suites --coverage` joins what is there, and fails below the floor.
 */
const coverage: ViteUserConfig =
  suite === ''
    ? {
        test: {
          reporters,
          coverage: {
            include: productFolders.map(folder => `${folder}/**/*.ts`),
            exclude: inBrowser,
            reporter: ['text-summary', 'html'],
            reportsDirectory: 'coverage/report',
            thresholds: floor,
          },
        },
      }
    : {
        // What Node does with a file when it runs it: only so are the branches here the same as in other processes.
        oxc: { exclude: ['**/*.ts'] },
        plugins: [
          {
            name: 'types are blanked out',
            enforce: 'pre',
            transform: (code, id) =>
              id.endsWith('.ts') && !id.includes('node_modules')
                ? { code: stripTypeScriptTypes(code), map: null }
                : undefined,
          },
        ],
        test: {
          reporters: [...reporters, ['blob', { outputFile: `coverage/suites/${suite}.json` }]],
          coverage: {
            enabled: true,
            include: productFolders.map(folder => `${folder}/**/*.ts`),
            exclude: inBrowser,
            reporter: [],
            reportsDirectory: `coverage/${suite}`,
            autoAttachSubprocess: true,
          },
        },
      }

export default defineConfig({
  ...coverage,
  test: {
    ...coverage.test,
    maxWorkers,
    sequence: { sequencer: DearestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/{api,browser,cluster,collector,flood,node,release}/**',
            'test/**/mistakes/**',
            ...pages,
            ...isolated,
          ],
          isolate: false,
          ...patience,
        },
      },
      {
        extends: true,
        test: { name: 'isolated', include: isolated, ...patience },
      },
      {
        extends: true,
        test: { name: 'pages', include: pages, ...patience },
      },
      {
        extends: true,
        test: { name: 'mistakes', include: ['test/{simulation,steps}/mistakes/*.test.ts'], ...patience },
      },
      {
        extends: true,
        test: { name: 'quick', ...quick, isolate: false, ...patience },
      },
      {
        extends: true,
        test: {
          name: 'in-memory',
          include: ['test/api/**/*.test.ts'],
          // It waits for a lease to expire. The simulation has that in virtual time, and a real API server for real.
          exclude: ['test/api/restart.test.ts'],
          globalSetup: ['test/api/in-memory.setup.ts'],
          isolate: false,
          ...patience,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          exclude: ['test/browser/site/**'],
          // Each file starts a browser of its own, which takes two cores by itself.
          fileParallelism: false,
          ...patience,
        },
      },
      {
        extends: true,
        test: { name: 'site', include: ['test/browser/site/*.test.ts'], ...patience },
      },
      {
        extends: true,
        test: {
          name: 'flood',
          include: ['test/flood/**/*.test.ts'],
          ...patience,
        },
      },
      {
        extends: true,
        test: {
          name: 'collector',
          include: ['test/collector/**/*.test.ts'],
          globalSetup: ['test/cluster/control-plane.setup.ts'],
          ...patience,
        },
      },
      {
        extends: true,
        test: { name: 'release', include: ['test/release/**/*.test.ts'], ...patience },
      },
      {
        extends: true,
        test: {
          name: 'cluster-api',
          include: ['test/api/**/*.test.ts'],
          globalSetup: ['test/cluster/control-plane.setup.ts'],
          isolate: false,
          ...patience,
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          exclude: [...leases, ...restored],
          globalSetup: ['test/cluster/control-plane.setup.ts'],
          isolate: false,
          ...patience,
        },
      },
      {
        extends: true,
        test: { name: 'leases', include: leases, ...patience },
      },
      {
        extends: true,
        test: { name: 'restored', include: restored, ...patience },
      },
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts'],
          globalSetup: ['test/node/node.setup.ts'],
          // They share one node.
          fileParallelism: false,
          ...patience,
        },
      },
    ],
  },
})

/** One part of what `npm test` leaves out: `npm run test:long -- NAME` runs it. */
export interface LongPart {
  readonly name: string
  /** What it does, in one line, and its arguments. */
  readonly does: string
  /** How long it takes on two idle cores, in minutes, with its binaries in the cache. */
  readonly minutes: number
  /** Whether it needs a real control plane, and which parts of `scripts/cluster/parts.ts` besides. */
  readonly cluster?: readonly string[]
  /** Set for its commands. */
  readonly env?: Readonly<Record<string, string>>
  /** Scripts of this repository, or programs of node_modules. The last gets the arguments. */
  readonly commands: readonly (readonly [program: string, ...args: string[]])[]
}

const vitest = (...args: readonly string[]): readonly [string, ...string[]] => ['vitest', 'run', ...args]

/** Those of which `npm test` makes fewer runs. */
const propertyFiles = [
  'test/steps/exact.test.ts',
  'test/snippets/hostile.test.ts',
  'test/exact/check.test.ts',
  'test/senders/never-throws.test.ts',
]

export const longParts: readonly LongPart[] = [
  {
    name: 'mistakes',
    does: 'finds every planted mistake, by the simulation or by the scripts of the steps',
    minutes: 5,
    commands: [vitest('--project', 'mistakes')],
  },
  {
    name: 'mutants',
    does: 'plants 100 small mistakes by chance, and says who notices each [--count N --seed N --folder src/steps --list]',
    minutes: 60,
    commands: [['scripts/mutants.ts']],
  },
  {
    name: 'pages',
    does: 'what a person does by the pages: guides, examples, tutorial, additions to the code, the package, the archives [FILE ...]',
    minutes: 2,
    commands: [vitest('--project', 'pages')],
  },
  {
    name: 'properties',
    does: 'the properties that cost most, ten times as often as in npm test',
    minutes: 6,
    env: { RUNS: '10' },
    commands: [vitest('--project', 'unit', ...propertyFiles)],
  },
  {
    name: 'simulation',
    does: 'fresh histories of the whole product in virtual time [--seconds N --from SEED | --seed N --trace]',
    minutes: 10,
    commands: [['test/simulation/run.ts', '--seconds', '600', '--workers', '2']],
  },
  {
    name: 'fingerprints',
    does: 'compares the histories of 250 seeds with those of an earlier revision [REVISION --histories N]',
    minutes: 1,
    commands: [['test/simulation/fingerprints.ts']],
  },
  {
    name: 'fuzz',
    does: 'a million damaged bodies for each sender [SENDER ... --bodies N --seed N]',
    minutes: 10,
    commands: [['scripts/fuzz.ts']],
  },
  {
    name: 'fuzz-when',
    does: 'looks for expressions that take long to check [--seconds N --seed N --out FILE]',
    minutes: 10,
    commands: [['scripts/fuzz-when.ts', '--seconds', '600']],
  },
  {
    name: 'fuzz-watch',
    does: 'both roles on watches with poisoned objects: a good hook among them is served [--seconds N --seed N]',
    minutes: 10,
    commands: [['scripts/fuzz-watch.ts', '--seconds', '600']],
  },
  {
    name: 'zones',
    does: 'windows in every time zone over ten years, compared with python3 and its time zone database',
    minutes: 2,
    env: { ZONES: 'all' },
    commands: [vitest('--project', 'unit', 'test/schema/zones.test.ts')],
  },
  {
    name: 'flood',
    does: 'a trigger in floods of each kind: its memory, and what it asks of the API server [FILE ...]',
    minutes: 14,
    cluster: [],
    commands: [vitest('--project', 'flood')],
  },
  {
    name: 'exact',
    does: '20,000 posts to targets of every kind while processes and a real API server are killed',
    minutes: 10,
    cluster: ['porcupine'],
    env: { EXACT: 'long' },
    commands: [vitest('--project', 'cluster', 'test/cluster/exact.test.ts')],
  },
  {
    name: 'exact-hour',
    does: '40,000 posts over an hour, as exact does them, and what Porcupine says of the log of all that happened',
    minutes: 65,
    cluster: ['porcupine'],
    env: { EXACT: 'hour' },
    commands: [vitest('--project', 'cluster', 'test/cluster/exact.test.ts')],
  },
  {
    name: 'leases',
    does: 'an hour of alerts of which a tenth of the posts is lost; no trigger while leases end; a restored etcd [FILE ...]',
    minutes: 65,
    cluster: ['alertmanager'],
    env: { LEASES: 'long' },
    commands: [vitest('--project', 'cluster', '--project', 'leases', 'test/cluster/leases/')],
  },
  {
    name: 'keys',
    does: 'new signing keys for 1,000 hooks under load, and the end of the former ones: no post fails',
    minutes: 2,
    cluster: [],
    env: { KEYS: 'long' },
    commands: [vitest('--project', 'cluster', 'test/cluster/keys/')],
  },
  {
    name: 'restored',
    does: 'etcd restored: beneath running processes, by its page, below an Alertmanager; a cluster built again [FILE ...]',
    minutes: 7,
    cluster: ['alertmanager', 'etcdutl'],
    commands: [vitest('--project', 'restored')],
  },
  {
    name: 'cluster',
    does: 'the API tests and test/cluster on a real control plane of each supported version [VERSION ... FILE ...]',
    minutes: 30,
    cluster: ['prometheus', 'alertmanager', 'krew', 'porcupine'],
    commands: [vitest('--project', 'cluster-api', '--project', 'cluster', '--maxWorkers', '4')],
  },
  {
    name: 'snippets',
    does: "every product's configuration for every driver with every form of auth, on a real control plane",
    minutes: 4,
    cluster: [],
    env: { SNIPPETS: 'all' },
    commands: [vitest('--project', 'cluster-api', 'test/api/snippets.test.ts')],
  },
  {
    name: 'collector',
    does: 'a delivery of Alertmanager as a trace in a real collector',
    minutes: 1,
    cluster: ['alertmanager', 'otelcol'],
    commands: [vitest('--project', 'collector')],
  },
  {
    name: 'browser',
    does: 'the dashboard in Chromium, on the playground and on a real control plane [FILE ...]',
    minutes: 3,
    cluster: [],
    commands: [['scripts/browser.ts'], vitest('--project', 'browser')],
  },
  {
    name: 'site',
    does: 'the site of docs/: builds it, follows its links, and searches it in Chromium',
    minutes: 1,
    commands: [['scripts/site.ts'], ['scripts/browser.ts'], vitest('--project', 'site')],
  },
  {
    name: 'node',
    does: 'the image and the tutorial on a real kubelet, in namespaces of its own; root on Linux [FILE ...]',
    minutes: 6,
    commands: [['test/node/run.ts']],
  },
  {
    name: 'release',
    does: 'a release as a dry run, published to a registry on this machine, signed and verified with cosign',
    minutes: 2,
    commands: [
      ['scripts/cluster/binaries.ts', 'crane', 'cosign', 'helm', 'actionlint'],
      ['scripts/release.ts', '--dry-run'],
      vitest('--project', 'release'),
    ],
  },
]

/** Returns the list, a line for each. */
export const listed = (parts: readonly LongPart[]): string =>
  parts.map(({ does, minutes, name }) => `  ${name.padEnd(13)}${`${minutes} min`.padStart(6)}  ${does}\n`).join('')

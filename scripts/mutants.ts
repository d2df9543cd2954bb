/**
 * Plants small mistakes by chance, one at a time, in a copy of the working tree. It prints who notices each: the type checker,
 * the tests that import the file, or the simulation.
 */
import { globSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { rngOf } from '../test/simulation/seed.ts'
import { productFolders } from './count/source.ts'
import { importersIn } from './mutants/graph.ts'
import { whyHarmless } from './mutants/harmless.ts'
import { mutantsIn, type Mutant } from './mutants/places.ts'
import { Programs } from './mutants/programs.ts'
import { copyOf } from './mutants/tree.ts'
import { tried, type Tree, type Verdict } from './mutants/trial.ts'

const usage = `node scripts/mutants.ts [--count N] [--seed N] [--folder src/steps ...] [--tests N] [--histories N]
                        [--workers N] [--list]

Plants N small mistakes (100, if you name no other number) that the type checker allows, chosen by the seed, and prints who
notices each. Ends with 1 if more than 5 of 100 are noticed by nobody and are in no row of scripts/mutants/harmless.ts.
--tests runs only the N nearest of the tests that import the file; --list only prints the places.`

const folders = ['src/steps', 'src/record', 'src/acts', 'src/token', 'src/trigger', 'src/drivers']

/** Tests whose own purpose is a planted mistake, or which are the simulation itself. */
const leftOut = /^test\/(?:simulation|steps\/mistakes|browser|cluster|collector|flood|node|release|docs)\//

/** How many of a hundred have to be noticed. */
const wanted = 95

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    seed: { type: 'string' },
    folder: { type: 'string', multiple: true, default: folders },
    tests: { type: 'string', default: 'Infinity' },
    workers: { type: 'string', default: '2' },
    histories: { type: 'string', default: '40' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const root = resolve(import.meta.dirname, '..')

const placed = ({ change, file, kind, line }: Mutant): string => `${file}:${line}  ${kind}: ${change}`

const said = (verdict: Verdict): string => {
  if (!('what' in verdict)) return verdict.by
  return verdict.by === 'time' ? `time ran out in ${verdict.what}` : `${verdict.by}: ${verdict.what}`
}

/** Shuffles all places: the same seed on the same tree makes the same order. */
const inOrder = (seed: number): readonly Mutant[] => {
  const files = values.folder.flatMap(folder => globSync(`${folder}/**/*.ts`, { cwd: root })).sort()
  const rest = files.flatMap(file => mutantsIn(file, readFileSync(join(root, file), 'utf8')))
  const rng = rngOf(seed)
  for (let last = rest.length - 1; last > 0; last--) {
    const at = rng.int(0, last)
    const [one, other] = [rest[at], rest[last]]
    if (one && other) [rest[at], rest[last]] = [other, one]
  }
  return rest
}

const treeIn = (folder: string): Tree => {
  const files = globSync(
    [...productFolders, 'test', 'scripts'].map(each => `${each}/**/*.{ts,tsx}`),
    { cwd: folder },
  )
  return {
    folder,
    programs: new Programs(folder),
    importers: importersIn(folder, files),
    tests: files.filter(file => file.endsWith('.test.ts') && !leftOut.test(file)).sort(),
    workers: Number(values.workers),
    histories: Number(values.histories),
    nearest: Number(values.tests),
  }
}

const run = async (seed: number, count: number): Promise<boolean> => {
  const mutants = inOrder(seed)
  console.log(`seed ${seed}: ${count} of ${mutants.length} mistakes`)
  const folder = copyOf(root)
  const tree = treeIn(folder)
  const stop = (): never => {
    tree.programs.stop()
    rmSync(folder, { recursive: true, force: true })
    process.exit(130)
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await each(tree, mutants, count)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const each = async (tree: Tree, mutants: readonly Mutant[], count: number): Promise<boolean> => {
  const counts = { types: 0, tests: 0, simulation: 0, time: 0, harmless: 0, nobody: 0 }
  const survivors: Mutant[] = []
  let done = 0
  for (const mutant of mutants) {
    if (done === count) break
    const began = performance.now()
    const why = whyHarmless(mutant)
    const verdict = why === undefined ? await tried(tree, mutant) : undefined
    counts[verdict?.by ?? 'harmless'] += 1
    if (verdict?.by !== 'types') done += 1
    if (verdict?.by === 'nobody') survivors.push(mutant)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    const result = verdict ? said(verdict) : `harmless: ${why}`
    console.log(`${done}/${count}  ${placed(mutant)}\n    ${seconds} s, ${result}`)
  }
  const { nobody, types, ...noticed } = counts
  const inAll = Object.entries(noticed).map(([who, number]) => `${who} ${number}`)
  console.log(`${done - nobody} of ${done} noticed or explained: ${inAll.join(', ')}. ${types} were refused by types`)
  for (const survivor of survivors) console.log(`nobody noticed  ${placed(survivor)}\n    in: ${survivor.source}`)
  return (done - nobody) * 100 >= done * wanted
}

if (values.help) console.log(usage)
else {
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  if (values.list) for (const mutant of inOrder(seed)) console.log(placed(mutant))
  else process.exitCode = (await run(seed, Number(values.count))) ? 0 : 1
}

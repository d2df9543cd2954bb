/**
 * Compares the product with what people would use instead of it: the same posts to each, in turns, on one API server.
 * docs/performance.md shows a run.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { makeBundles } from '../bundles.ts'
import { aboutOf } from '../result.ts'
import { openStage, type Stage } from '../stage.ts'
import { writePage } from './page.ts'
import { product } from './product.ts'
import { programs } from './programs.ts'
import { contenderTable, resultsPath, resultOf, type ComparisonResults } from './results.ts'
import { tryOut, type Sizes, type Trial } from './trial.ts'

const usage = `node bench/beside/run.ts: the product beside what people would use instead

  --only NAME  this contender alone; may be repeated (default: all)
  --rounds N   how often each is tried (default: 3; with --quick 1)
  --quick      small sizes, on the in-memory API server: says whether the trial runs
  --page       write the figures into the page and README
  --help
`

const contenders = [product, ...programs]

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const names = contenders.map(({ name }) => name)
  const unknown = values.only.find(name => !names.includes(name))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${names.join(', ')}`)
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a number of 1 or more')
  return { ...values, rounds }
}

const sizesOf = (quick: boolean): Sizes =>
  quick ? { oneByOne: 5, burst: 10, killed: 5, copies: 2 } : { oneByOne: 100, burst: 200, killed: 50, copies: 20 }

/** Runs the rounds of all, in turns: what disturbs the machine for a while disturbs all of them. */
const runAll = async (
  stage: Stage,
  { only, quick, rounds }: ReturnType<typeof readOptions>,
): Promise<ComparisonResults> => {
  const wanted = contenders.filter(({ name }) => only.length === 0 || only.includes(name))
  const sizes = sizesOf(quick)
  const trials = new Map<string, Trial[]>(wanted.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const contender of wanted) {
      console.error(`round ${round} of ${rounds}: ${contender.title}`)
      trials.get(contender.name)?.push(await tryOut(stage, contender, `${contender.name}-${round}`, sizes))
    }
  }
  return {
    about: aboutOf({ inMemory: quick, quick, rounds }),
    sizes,
    contenders: wanted.map(({ name, title }) => resultOf(name, title, trials.get(name) ?? [])),
  }
}

const options = readOptions()
if (options.help) {
  process.stdout.write(usage)
} else {
  const bundles = makeBundles()
  const stage = await openStage(bundles, { inMemory: options.quick, quick: options.quick })
  try {
    const results = await runAll(stage, options)
    console.log(contenderTable(results))
    if (options.page) {
      writeFileSync(resultsPath, `${JSON.stringify(results, undefined, 1)}\n`)
      writePage(results)
    }
  } finally {
    await stage.stop()
    bundles.remove()
  }
  process.exit()
}

/**
 * Measures the program of this tree and that of an earlier revision in turns, each on an API server of
 * its own. What disturbs the machine for a round disturbs both, so a difference of a few per cent shows.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { unpack } from '../scripts/revision.ts'
import { makeBundles, type Bundles } from './bundles.ts'
import type { Comparison, Measured } from './row.ts'
import { rows } from './rows/all.ts'
import { openStage, type Stage } from './stage.ts'
import { ratiosOf, spreadOf } from './stats.ts'
import { number } from './table.ts'

const usage = `node bench/pair.ts REVISION [--only NAME] [--rounds N] [--quick]

Runs rows of the bench with the program of REVISION and with that of this tree, in turns. Says for each
figure what each came to, and the ratio: 1.02 means that this tree takes 2 % more.

  --only NAME    run this row alone; may be repeated (default: unnamed, named, throughput, cpu, start)
  --rounds N     how often each program is run (default: 9)
  --fresh        start all again for each run. A process keeps the luck of its start: the same program, started
                 twice, can differ by a fifth in what a short request costs. Without it, each program runs once
  --quick        small sizes: says whether it runs, not what the programs cost
`

/** One program that is measured: its stage, and one run of it. */
interface Side {
  readonly stage: Stage
  readonly run: () => Promise<Measured>
}

const openSide = async (bundles: Bundles, row: Comparison, quick: boolean): Promise<Side> => {
  const stage = await openStage(bundles, { inMemory: false, needs: row.needs ?? {}, quick })
  try {
    const { product } = await row.prepare(stage)
    if (row.warm === true && !quick) await product()
    return { stage, run: product }
  } catch (error) {
    await stage.stop()
    throw error
  }
}

/** Runs both sides of a row in turns. Prints a line for each figure. */
const compare = async (
  row: Comparison,
  [before, now]: readonly [Bundles, Bundles],
  { fresh, quick, rounds }: { readonly fresh: boolean; readonly quick: boolean; readonly rounds: number },
): Promise<void> => {
  const sides: Side[] = []
  const fromStart = async (bundles: Bundles): Promise<Measured> => {
    const side = await openSide(bundles, row, quick)
    try {
      return await side.run()
    } finally {
      await side.stage.stop()
    }
  }
  const measured: readonly [Measured[], Measured[]] = [[], []]
  try {
    if (!fresh) for (const bundles of [before, now]) sides.push(await openSide(bundles, row, quick))
    for (let round = 0; round < rounds; round++) {
      // Whichever comes second may find the machine warmer.
      for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const kept = sides[side]
        const figures = await (kept ? kept.run() : fromStart(side === 0 ? before : now))
        measured[side === 0 ? 0 : 1].push(figures)
      }
    }
  } finally {
    await Promise.all(sides.map(({ stage }) => stage.stop()))
  }
  for (const { key, title, unit } of row.figures) {
    const [then, present] = measured.map(all => all.map(figures => figures[key] ?? NaN))
    const figures = [then ?? [], present ?? []].map(all => `${number(spreadOf(all).median)} ${unit}`.trim())
    const { least, median, most } = spreadOf(ratiosOf(present ?? [], then ?? []))
    const ratio = Number.isNaN(median) ? '' : `${median.toFixed(3)} (${least.toFixed(2)} to ${most.toFixed(2)})`
    console.log(`${row.name.padEnd(12)} ${title.padEnd(36)} ${figures.join(' -> ').padEnd(24)} ${ratio}`)
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', multiple: true, default: ['unnamed', 'named', 'throughput', 'cpu', 'start'] },
    rounds: { type: 'string', default: '9' },
    fresh: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const [revision] = positionals
if (values.help || revision === undefined) {
  console.log(usage)
  process.exitCode = values.help ? 0 : 1
} else {
  const folder = mkdtempSync(join(tmpdir(), 'receiver-hooks-bench-pair-'))
  const made: Bundles[] = []
  try {
    unpack(revision, folder)
    const [before, now] = [makeBundles(folder), makeBundles()]
    made.push(before, now)
    const wanted = rows.filter(row => row.kind === 'comparison').filter(({ name }) => values.only.includes(name))
    for (const row of wanted)
      await compare(row, [before, now], {
        fresh: values.fresh,
        quick: values.quick,
        rounds: values.quick ? 1 : Number(values.rounds),
      })
  } finally {
    for (const bundles of made) bundles.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

import type { Bundles } from './bundles.ts'
import type { BenchOptions } from './options.ts'
import { compared, grown, type RowResult } from './result.ts'
import type { Comparison, Growth, Measured, Row } from './row.ts'
import { openStage, type Stage } from './stage.ts'

/** Runs a row on an API server of its own. What goes wrong is its result: the others are run all the same. */
export const runRow = async (
  row: Row,
  bundles: Bundles,
  { inMemory, quick, rounds }: BenchOptions,
  report: (line: string) => void,
): Promise<RowResult> => {
  const { name, title } = row
  const say = (line: string): void => report(`${name}: ${line}`)
  say(title)
  try {
    const needs = row.kind === 'comparison' ? (row.needs ?? {}) : {}
    const stage = await openStage(bundles, { inMemory, needs, quick })
    try {
      return row.kind === 'comparison'
        ? await compare(row, stage, rounds, say)
        : await grow(row, stage, rounds, quick, say)
    } finally {
      await stage.stop()
    }
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    say(`FAILED: ${why}`)
    return { kind: 'failed', name, title, why }
  }
}

const compare = async (
  row: Comparison,
  stage: Stage,
  wanted: number,
  say: (line: string) => void,
): Promise<RowResult> => {
  const rounds = Math.min(wanted, row.enoughRounds ?? wanted)
  const { baseline, floor, product } = await row.prepare(stage)
  if (row.warm === true && !stage.quick) {
    await baseline()
    await floor?.()
    await product()
  }
  const baselines: Measured[] = []
  const floors: Measured[] = []
  const products: Measured[] = []
  for (let round = 1; round <= rounds; round++) {
    baselines.push(await baseline())
    if (floor) floors.push(await floor())
    products.push(await product())
    const least = floor ? `; floor ${inWords(floors.at(-1))}` : ''
    say(`${round}/${rounds}  baseline ${inWords(baselines.at(-1))}${least}; product ${inWords(products.at(-1))}`)
  }
  return compared(row, { baselines, floors, products })
}

const grow = async (
  row: Growth,
  stage: Stage,
  rounds: number,
  quick: boolean,
  say: (line: string) => void,
): Promise<RowResult> => {
  const measure = await row.prepare(stage)
  const measured: [number, Measured][] = []
  for (let round = 1; round <= rounds; round++) {
    for (const size of row.sizes(quick)) {
      const figures = await measure(size)
      measured.push([size, figures])
      say(`${round}/${rounds}  ${size} ${row.axis}: ${inWords(figures)}`)
    }
  }
  return grown(row, measured)
}

const inWords = (measured: Measured | undefined): string =>
  Object.entries(measured ?? {})
    .map(([key, figure]) => `${key} ${Number(figure.toPrecision(4))}`)
    .join(', ')

import { cpus, totalmem } from 'node:os'
import type { BenchOptions } from './options.ts'
import type { Comparison, Figure, Growth, Measured, Reach } from './row.ts'
import { serverInWords } from './server.ts'
import { exponentOf, ratiosOf, spreadOf, type Spread } from './stats.ts'

/** What a whole run came to. */
export interface Results {
  readonly about: About
  readonly rows: readonly RowResult[]
}

/** What the figures depend on. */
export interface About {
  readonly date: string
  readonly processor: string
  readonly processors: number
  readonly memoryGiB: number
  readonly node: string
  readonly server: string
  readonly rounds: number
  readonly quick: boolean
}

/** Says what the figures of a run on this machine depend on. */
export const aboutOf = ({ inMemory, quick, rounds }: Pick<BenchOptions, 'inMemory' | 'quick' | 'rounds'>): About => ({
  date: new Date().toISOString().slice(0, 10),
  processor: cpus()[0]?.model ?? 'unknown',
  processors: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  server: serverInWords(inMemory),
  rounds,
  quick,
})

export type RowResult = ComparisonResult | GrowthResult | FailedResult

export interface ComparisonResult extends Pick<Comparison, 'kind' | 'name' | 'title' | 'baseline' | 'floor'> {
  readonly figures: readonly FigureResult[]
}

export interface FigureResult extends Figure {
  /** Undefined where the baseline knows no such figure. */
  readonly baseline?: Spread
  readonly product: Spread
  /** Round by round, in the direction of the reach. */
  readonly ratio?: Spread
  /** The same of the floor, or its figure if there is no ratio. Undefined where none is measured. */
  readonly floor?: Spread
  /** Undefined where nothing is asked of it. */
  readonly met?: boolean
}

export interface GrowthResult extends Pick<Growth, 'kind' | 'name' | 'title' | 'axis'> {
  readonly figures: readonly (Figure & {
    readonly points: readonly (readonly [size: number, Spread])[]
    /** 1 is linear; see {@link exponentOf}. Undefined of figures that are 0. */
    readonly exponent?: number
    readonly met?: boolean
  })[]
}

/** A row that could not be run to its end. */
export interface FailedResult {
  readonly kind: 'failed'
  readonly name: string
  readonly title: string
  readonly why: string
}

/** How much steeper than linear a line may seem before it is: its points scatter. */
const slack = 0.1

/** What the rounds of a row came to. `floors` is empty where none is measured. */
interface Rounds {
  readonly baselines: readonly Measured[]
  readonly floors?: readonly Measured[]
  readonly products: readonly Measured[]
}

export const compared = (
  { baseline, figures, floor, kind, name, title }: Comparison,
  rounds: Rounds,
): ComparisonResult => ({
  kind,
  name,
  title,
  baseline,
  ...(floor !== undefined && { floor }),
  figures: figures.map(figure => comparedFigure(figure, rounds)),
})

const comparedFigure = (figure: Figure, { baselines, floors = [], products }: Rounds): FigureResult => {
  const baseline = valuesOf(baselines, figure.key)
  const floor = valuesOf(floors, figure.key)
  const product = valuesOfAll(products, figure.key)
  const spread = spreadOf(product)
  const { reach } = figure
  if (baseline.length === 0 || reach?.of === 'product') {
    return {
      ...figure,
      ...(baseline.length > 0 && { baseline: spreadOf(baseline) }),
      product: spread,
      ...(floor.length > 0 && { floor: spreadOf(floor) }),
      ...(reach && { met: isMet(reach, spread) }),
    }
  }
  const ratioOf = (figures: readonly number[]): Spread =>
    spreadOf(reach?.of === 'speed-up' ? ratiosOf(baseline, figures) : ratiosOf(figures, baseline))
  const ratio = ratioOf(product)
  return {
    ...figure,
    baseline: spreadOf(baseline),
    product: spread,
    ratio,
    ...(floor.length > 0 && { floor: ratioOf(floor) }),
    ...(reach && { met: isMet(reach, ratio) }),
  }
}

/** Ratios are judged by their median; a figure with a bound of its own may never pass it. */
const isMet = (reach: Reach, { least, median, most }: Spread): boolean => {
  const judged = reach.of === 'product' ? ('atMost' in reach ? most : least) : median
  return 'atMost' in reach ? judged <= reach.atMost : judged >= reach.atLeast
}

export const grown = (
  { axis, figures, kind, name, title }: Growth,
  measured: readonly (readonly [size: number, Measured])[],
): GrowthResult => {
  const sizes = [...new Set(measured.map(([size]) => size))].sort((a, b) => a - b)
  return {
    kind,
    name,
    title,
    axis,
    figures: figures.map(figure => {
      const points = sizes.map(size => {
        const runs = measured.flatMap(([of, figures]) => (of === size ? [figures] : []))
        return [size, spreadOf(valuesOfAll(runs, figure.key))] as const
      })
      const medians = points.map(([size, { median }]) => [size, median] as const)
      if (medians.some(([, median]) => median <= 0)) return { ...figure, points }
      const exponent = exponentOf(medians)
      return { ...figure, points, exponent, met: exponent <= 1 + slack }
    }),
  }
}

const valuesOf = (runs: readonly Measured[], key: string): readonly number[] =>
  runs.flatMap(run => (run[key] === undefined ? [] : [run[key]]))

/** Returns what each run of the program has reported. Throws where one has not reported the figure. */
const valuesOfAll = (runs: readonly Measured[], key: string): readonly number[] => {
  const values = valuesOf(runs, key)
  if (values.length < runs.length) throw new Error(`a run reports no figure ${key}: the row that names it is wrong`)
  return values
}

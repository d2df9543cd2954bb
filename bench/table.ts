import type { ComparisonResult, FigureResult, GrowthResult, Results } from './result.ts'
import type { Reach, Unit } from './row.ts'
import type { Spread } from './stats.ts'

/** Returns the results as Markdown: the table of comparisons, then one of growth. */
export const tablesOf = ({ rows }: Pick<Results, 'rows'>): string => {
  const comparisons = rows.filter(row => row.kind === 'comparison')
  const growths = rows.filter(row => row.kind === 'growth')
  const failed = rows.filter(row => row.kind === 'failed')
  return [
    ...(comparisons.length > 0 ? [comparisonTable(comparisons)] : []),
    ...growths.map(growthTable),
    ...failed.map(({ name, why }) => `${name} could not be run: ${why.split('\n')[0]}`),
  ].join('\n\n')
}

const comparisonTable = (rows: readonly ComparisonResult[]): string =>
  [
    '| measure | baseline | | product | | beside it | floor | reach | |',
    '|---|---|---:|---|---:|---:|---:|---:|---|',
    ...rows.flatMap(row => row.figures.map((figure, index) => comparisonLine(row, figure, index === 0))),
  ].join('\n')

const comparisonLine = ({ baseline, title }: ComparisonResult, figure: FigureResult, first: boolean): string => {
  const { floor, met, product, ratio, reach, unit } = figure
  const cells = [
    first ? title : '',
    figure.baseline && first ? baseline : '',
    figure.baseline && reach?.of !== 'product' ? spread(figure.baseline, unit) : '',
    figure.title,
    spread(product, unit),
    ratio ? inTimes(ratio) : '',
    floor ? (ratio ? inTimes(floor) : spread(floor, unit)) : '',
    reach ? reachInWords(reach, unit) : '',
    met === undefined ? '' : met ? 'met' : '**not met**',
  ]
  return `| ${cells.join(' | ')} |`
}

const growthTable = ({ axis, figures, title }: GrowthResult): string => {
  const sizes = figures[0]?.points.map(([size]) => size) ?? []
  const heads = sizes.map(size => `${size.toLocaleString('en')} ${axis}`)
  return [
    `| ${title} | ${heads.join(' | ')} | grows with the power | |`,
    `|---|${sizes.map(() => '---:|').join('')}---:|---|`,
    ...figures.map(({ exponent, met, points, title, unit }) => {
      const cells = points.map(([, figures]) => spread(figures, unit))
      const power = exponent === undefined ? '' : exponent.toFixed(2)
      const judged = met === undefined ? '' : met ? 'linear or better' : '**worse than linear**'
      return `| ${title} | ${cells.join(' | ')} | ${power} | ${judged} |`
    }),
  ].join('\n')
}

const reachInWords = (reach: Reach, unit: Unit): string => {
  switch (reach.of) {
    case 'ratio':
      return 'atMost' in reach ? `at most ${reach.atMost} x` : `at least ${reach.atLeast} x`
    case 'speed-up':
      return `at least ${reach.atLeast} x faster`
    case 'product':
      return reach.atMost === 0 ? 'none' : `at most ${withUnit(String(reach.atMost), unit)}`
  }
}

const inTimes = ({ least, median, most }: Spread): string => `${number(median)} x (${number(least)} to ${number(most)})`

const spread = ({ least, median, most }: Spread, unit: Unit): string =>
  least === most
    ? withUnit(number(median), unit)
    : `${withUnit(number(median), unit)} (${number(least)} to ${number(most)})`

const withUnit = (text: string, unit: Unit): string => (unit === '' || unit === '/s' ? text + unit : `${text} ${unit}`)

/** Rounds a figure to three digits: they say all that such figures can. */
export const number = (figure: number): string => {
  if (!Number.isFinite(figure)) return '?'
  const digits = Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : 2
  return Number.isInteger(figure)
    ? figure.toLocaleString('en')
    : figure.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

import type { FigureResult, GrowthResult, Results } from './result.ts'
import { number } from './table.ts'

/** A plot: what is in the SVG file of this name. */
export interface Plot {
  readonly file: string
  readonly alt: string
  readonly svg: string
}

/** Draws one plot of how far each figure comes, and one of each growth. */
export const plotsOf = ({ rows }: Pick<Results, 'rows'>): readonly Plot[] => {
  const bars = rows.flatMap(row =>
    row.kind === 'comparison' ? row.figures.flatMap(figure => barOf(row.title, figure)) : [],
  )
  const growths = rows.filter(row => row.kind === 'growth')
  return [
    ...(bars.length > 0 ? [{ file: 'reach.svg', alt: 'each figure by its reach', svg: reachPlot(bars) }] : []),
    ...growths.map(row => ({ file: `${row.name}.svg`, alt: row.title, svg: growthPlot(row) })),
  ]
}

/** A figure by its reach: 1 is the bound, and less is better. */
interface Bar {
  readonly label: string
  readonly median: number
  readonly least: number
  readonly most: number
}

const barOf = (title: string, { product, ratio, reach, title: what }: FigureResult): readonly Bar[] => {
  const label = `${title}: ${what}`
  const spread = reach?.of === 'product' ? product : ratio
  if (!reach || !spread) return []
  const bound = 'atMost' in reach ? reach.atMost : reach.atLeast
  // Nothing can be shown by a bound of none.
  if (bound === 0) return []
  const scaled = (figure: number): number => ('atMost' in reach ? figure / bound : bound / figure)
  const ends = [scaled(spread.least), scaled(spread.most)]
  return [{ label, median: scaled(spread.median), least: Math.min(...ends), most: Math.max(...ends) }]
}

const width = 900
const ink = '#444'
const styles = `text { font: 12px system-ui, sans-serif; fill: ${ink} } .grid { stroke: #ccc } .bound { stroke: ${ink}; stroke-dasharray: 4 3 } .whisker { stroke: ${ink} }`
const colours = ['#1f6feb', '#bf4b00', '#1a7f37', '#8250df'] as const
const [met, missed] = [colours[0], colours[1]]

const document = (height: number, content: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<style>${styles}</style><rect width="${width}" height="${height}" fill="#fff"/>`,
    ...content,
    '</svg>',
    '',
  ].join('\n')

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const text = (x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end' = 'start'): string =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(content)}</text>`

const line = (kind: string, x1: number, y1: number, x2: number, y2: number): string =>
  `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`

const round = (figure: number): number => Math.round(figure * 10) / 10

const rowHeight = 26
const labelWidth = 470

/** Bars end where the figure does; the dashed line is the reach. */
const reachPlot = (bars: readonly Bar[]): string => {
  const furthest = Math.max(1.2, ...bars.map(({ most }) => Math.min(most, 3)))
  const x = (share: number): number => labelWidth + (Math.min(share, furthest) / furthest) * (width - labelWidth - 60)
  const height = bars.length * rowHeight + 40
  return document(height, [
    ...bars.flatMap(({ label, least, median, most }, index) => {
      const y = index * rowHeight + 10
      const middle = y + rowHeight / 2 - 2
      return [
        text(labelWidth - 8, middle + 4, label, 'end'),
        `<rect x="${labelWidth}" y="${y}" width="${round(x(median) - labelWidth)}" height="${rowHeight - 8}" fill="${median <= 1 ? met : missed}"/>`,
        line('whisker', x(least), middle, x(most), middle),
        text(x(Math.max(median, most)) + 6, middle + 4, number(median)),
      ]
    }),
    line('bound', x(1), 4, x(1), height - 30),
    text(x(1), height - 14, 'the reach: less is better', 'middle'),
  ])
}

const margin = { left: 70, right: 330, top: 20, bottom: 40 }
const growthHeight = 320

/** Draws each figure divided by its value at the smallest size, both axes logarithmic; the dashed line is linear growth. */
const growthPlot = ({ axis, figures }: GrowthResult): string => {
  const lines = figures
    .filter(({ exponent }) => exponent !== undefined)
    .map(({ points, title, unit }) => {
      const first = points[0]?.[1].median ?? 1
      return {
        label: `${title} (${number(first)} ${unit} at first)`,
        points: points.map(([size, { median }]) => [size, median / first] as const),
      }
    })
  const sizes = lines[0]?.points.map(([size]) => size) ?? []
  const [smallest = 1, largest = 10] = [sizes[0], sizes.at(-1)]
  const heights = lines.flatMap(({ points }) => points.map(([, height]) => height))
  const [lowest, highest] = [Math.min(0.5, ...heights), Math.max(largest / smallest, ...heights)]
  const x = (size: number): number =>
    margin.left + share(size, smallest, largest) * (width - margin.left - margin.right)
  const y = (height: number): number =>
    growthHeight - margin.bottom - share(height, lowest, highest) * (growthHeight - margin.top - margin.bottom)
  return document(growthHeight, [
    ...powersOfTen(lowest, highest).flatMap(height => [
      line('grid', x(smallest), y(height), x(largest), y(height)),
      text(margin.left - 8, y(height) + 4, `${height.toLocaleString('en')} x`, 'end'),
    ]),
    ...sizes.map(size => text(x(size), growthHeight - margin.bottom + 18, size.toLocaleString('en'), 'middle')),
    text((x(smallest) + x(largest)) / 2, growthHeight - 6, axis, 'middle'),
    line('bound', x(smallest), y(1), x(largest), y(largest / smallest)),
    ...lines.flatMap(({ label, points }, index) => {
      const colour = colours[index % colours.length]
      const path = points.map(([size, height]) => `${round(x(size))},${round(y(height))}`).join(' ')
      const legendY = margin.top + 20 * index
      return [
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.map(
          ([size, height]) => `<circle cx="${round(x(size))}" cy="${round(y(height))}" r="3" fill="${colour}"/>`,
        ),
        `<rect x="${width - margin.right + 20}" y="${legendY - 9}" width="10" height="10" fill="${colour}"/>`,
        text(width - margin.right + 36, legendY, label),
      ]
    }),
  ])
}

/** Returns where a value stands between two others, on a logarithmic axis. */
const share = (value: number, from: number, to: number): number =>
  (Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))

const powersOfTen = (from: number, to: number): readonly number[] =>
  Array.from({ length: 13 }, (_, index) => 10 ** (index - 6)).filter(power => power >= from && power <= to)

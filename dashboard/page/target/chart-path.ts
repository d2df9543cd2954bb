import type { ListedHook, TargetCountDetail, TargetDetail } from '../../protocol.ts'

export const size = { width: 640, height: 150 } as const

/** The room for the labels of lines, to the right of the chart, and above and below the curve. */
const margin = { right: 150, edge: 12 } as const

/** Labels nearer than this would overlap, in pixels. */
const labelHeight = 13

interface Charted {
  readonly count: TargetCountDetail
  readonly rows: readonly ListedHook[]
  readonly autoscalers: TargetDetail['autoscalers']
  readonly now: number
}

interface Point {
  readonly at: number
  readonly count: number
  readonly label: string
}

/**
 * Returns the count over time as a picture: the curve, and lines at the base and at bounds. `first` is when it begins,
 * in milliseconds since the epoch. Undefined if no delivery changed the count.
 */
export const chartOf = ({ autoscalers, count, now, rows }: Charted) => {
  const points = pointsOf(rows, count)
  const [begin] = points
  if (begin === undefined) return undefined
  const bounds = boundsOf(rows, autoscalers)
  const values = [...points.map(point => point.count), ...bounds.map(({ at }) => at), count.count, count.base]
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const end = size.width - margin.right
  const x = (at: number): number => Math.round((end * (at - begin.at)) / Math.max(1, now - begin.at))
  const y = (value: number): number =>
    Math.round(size.height - margin.edge - ((size.height - 2 * margin.edge) * (value - low)) / Math.max(1, high - low))
  const steps = points.slice(1).map(point => `H${x(point.at)} V${y(point.count)}`)
  return {
    first: begin.at,
    end,
    base: y(count.base),
    path: [`M0 ${y(begin.count)}`, ...steps, `H${end} V${y(count.count)}`].join(' '),
    writes: points.map(point => ({ label: point.label, x: x(point.at), y: y(point.count) })),
    lines: apart(bounds.map(({ at, label }) => ({ label, y: y(at) }))),
  }
}

/** Returns what set the count: the base, if its time is known, and each delivery with a count. Oldest first. */
const pointsOf = (rows: readonly ListedHook[], { base, baseAt }: TargetCountDetail): readonly Point[] => [
  ...[
    ...(baseAt === undefined ? [] : [{ at: Date.parse(baseAt), count: base, label: `base ${base}` }]),
    ...rows.flatMap(({ name, recent }) =>
      recent.flatMap(({ from, time, to }) =>
        to === undefined || from === to
          ? []
          : [{ at: Date.parse(time), count: to, label: `${name}: ${from} → ${to}, ${time}` }],
      ),
    ),
  ].sort((a, b) => a.at - b.at),
]

/** Returns the bounds of hooks and autoscalers, each value once, with all that have it. */
const boundsOf = (rows: readonly ListedHook[], autoscalers: TargetDetail['autoscalers']) => {
  const named = [...rows.map(({ max, min, name }) => ({ max, min, name })), ...autoscalers.map(namedBounds)]
  const byValue = Map.groupBy(
    named.flatMap(({ max, min, name }) => [
      ...(min === undefined ? [] : [{ at: min, label: `min ${name}` }]),
      ...(max === undefined ? [] : [{ at: max, label: `max ${name}` }]),
    ]),
    ({ at }) => at,
  )
  return [...byValue].map(([at, [first, ...others]]) => ({
    at,
    label: `${at} ${first?.label}${others.length === 0 ? '' : ` +${others.length}`}`,
  }))
}

const namedBounds = ({ max, min, shownAs }: TargetDetail['autoscalers'][number]) => ({
  ...{ max, min, name: shownAs.replace('HorizontalPodAutoscaler/', 'HPA ') },
})

/** Leaves out lines whose labels would overlap the one before. */
const apart = (lines: readonly { readonly label: string; readonly y: number }[]) => {
  const kept: { label: string; y: number }[] = []
  for (const line of lines.toSorted((a, b) => a.y - b.y)) {
    if (kept.every(({ y }) => Math.abs(y - line.y) >= labelHeight)) kept.push(line)
  }
  return kept
}

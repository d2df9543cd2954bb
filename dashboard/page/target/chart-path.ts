import { parsedTime } from '../words/time.ts'
import type { ListedHook, TargetCountDetail, TargetDetail } from '../../protocol.ts'

export const chartSize = { width: 640, height: 150 } as const

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
  readonly from: number
  readonly to: number
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
  const values = [
    ...points.flatMap(({ from, to }) => [from, to]),
    ...bounds.map(({ at }) => at),
    count.count,
    count.base,
  ]
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const end = chartSize.width - margin.right
  const x = (at: number): number => Math.round((end * (at - begin.at)) / Math.max(1, now - begin.at))
  const y = (value: number): number =>
    Math.round(
      chartSize.height - margin.edge - ((chartSize.height - 2 * margin.edge) * (value - low)) / Math.max(1, high - low),
    )
  const steps = points.map(({ at, to }) => `H${x(at)} V${y(to)}`)
  return {
    first: begin.at,
    end,
    base: y(count.base),
    path: [`M0 ${y(begin.from)}`, ...steps, `H${end} V${y(count.count)}`].join(' '),
    writes: points.map(({ at, label, to }) => ({ label, x: x(at), y: y(to) })),
    lines: apart(bounds.map(({ at, label }) => ({ label, y: y(at) }))),
  }
}

/** Returns what set the count: the base, if its time is known, and each delivery that changed the count. Oldest first. */
const pointsOf = (rows: readonly ListedHook[], { base, baseAt }: TargetCountDetail): readonly Point[] => {
  const changes = rows.flatMap(({ name, recent }) =>
    recent.flatMap(({ from, time, to }) =>
      from === undefined || to === undefined || from === to
        ? []
        : [{ at: parsedTime(time), from, to, label: `${name}: ${from} → ${to}, ${time}` }],
    ),
  )
  const based = baseAt === undefined ? [] : [{ at: parsedTime(baseAt), from: base, to: base, label: `base ${base}` }]
  return inTurn([...based, ...changes].sort((a, b) => a.at - b.at))
}

/** Sorts the points of one second: each begins where the one before has ended, if there is such a one. */
const inTurn = (points: readonly Point[]): readonly Point[] => {
  const left = [...points]
  const sorted: Point[] = []
  while (left.length > 0) {
    const next = left.findIndex(({ at, from }) => at === left[0]?.at && isNext(from, sorted.at(-1), left))
    sorted.push(...left.splice(Math.max(0, next), 1))
  }
  return sorted
}

/** Returns whether a count follows the last point. The first of all is one to which no other point leads. */
const isNext = (from: number, last: Point | undefined, left: readonly Point[]): boolean =>
  last === undefined ? !left.some(({ at, to }) => at === left[0]?.at && to === from) : last.to === from

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
    label: `${at} ${first?.label}${others.length === 0 ? '' : ', …'}`,
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

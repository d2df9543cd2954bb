import type { ListedHook, TargetCountDetail, TargetDetail } from '../../protocol.ts'
import { moment } from '../clock.ts'
import { dateText } from '../words/time.ts'
import { chartOf, chartSize } from './chart-path.ts'

export interface ChartProps {
  readonly count: TargetCountDetail
  readonly rows: readonly ListedHook[]
  readonly autoscalers: TargetDetail['autoscalers']
}

/** The count over time, as far as the last deliveries say it, with the bounds of hooks and autoscalers as lines. */
export const Chart = (props: ChartProps) => {
  const drawn = chartOf({ ...props, now: moment.value })
  if (drawn === undefined) return null
  const { base, end, first, path, writes } = drawn
  return (
    <figure class="chart">
      <svg
        viewBox={`-4 0 ${chartSize.width + 4} ${chartSize.height}`}
        role="img"
        aria-label={`The count since ${dateText(first)}: now ${props.count.count}, base ${props.count.base}`}
      >
        {drawn.lines.map(({ label, y }) => (
          <g key={label}>
            <line class="bound" x1={0} x2={end} y1={y} y2={y} />
            <text x={end + 6} y={y + 4}>
              {label}
            </text>
          </g>
        ))}
        <line class="base" x1={0} x2={end} y1={base} y2={base} />
        <path d={path} />
        {writes.map(({ label, x, y }) => (
          <circle key={label} cx={x} cy={y} r={3.5}>
            <title>{label}</title>
          </circle>
        ))}
      </svg>
      <figcaption class="faint">
        Since {dateText(first)}: each change by a hook, the base dashed, bounds as thin lines.
      </figcaption>
    </figure>
  )
}

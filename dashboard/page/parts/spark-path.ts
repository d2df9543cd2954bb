import type { RowDelivery } from '../../protocol.ts'

export const size = { width: 56, height: 18 } as const

/**
 * Returns an SVG path of the counts after the last deliveries, oldest first. Empty for fewer than
 * two counts.
 */
export const sparkPath = (recent: readonly RowDelivery[]): string => {
  const values = recent.flatMap(({ to }) => (to === undefined ? [] : [to])).toReversed()
  if (values.length < 2) return ''
  const top = Math.max(...values)
  const low = Math.min(...values)
  const step = size.width / (values.length - 1)
  const y = (value: number): string =>
    (size.height - 3 - ((size.height - 6) * (value - low)) / Math.max(1, top - low)).toFixed(1)
  return values
    .map((value, index) => (index === 0 ? `M0 ${y(value)}` : `H${(index * step).toFixed(1)} V${y(value)}`))
    .join(' ')
}

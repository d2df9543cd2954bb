import type { RowDelivery } from '../../protocol.ts'
import { size, sparkPath } from './spark-path.ts'

/** A sparkline: the count after each of the last deliveries. */
export const Spark = ({ recent }: { recent: readonly RowDelivery[] }) => {
  const path = sparkPath(recent)
  if (path === '') return null
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${size.width} ${size.height}`}
      width={size.width}
      height={size.height}
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  )
}

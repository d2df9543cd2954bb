import type { Row, RowDelivery } from '../../protocol.ts'
import { moment } from '../clock.ts'
import { ago } from '../words/time.ts'

/** Whether a hook works, in a word. */
export const Ready = ({ row }: { row: Row }) => {
  if (row.ready !== 'False' && row.suspended) return <span class="pill off">Suspended</span>
  const kind = row.ready === 'True' ? 'good' : row.ready === 'False' ? 'bad' : 'off'
  return (
    <span class={`pill ${kind}`} title={row.message}>
      {row.ready === 'True' ? 'Ready' : row.reason}
    </span>
  )
}

/** What became of a delivery: `applied 2 → 3`. */
export const Outcome = ({ delivery }: { delivery: RowDelivery }) => {
  const { from, outcome, summary, to } = delivery
  const moved = from !== undefined && to !== undefined && from !== to
  return (
    <span class={`outcome ${outcome}`}>
      {outcome}
      {moved ? ` ${from} → ${to}` : to === undefined ? '' : ` at ${to}`}
      {summary === undefined ? '' : `: ${summary}`}
    </span>
  )
}

export const Ago = ({ time }: { time: string }) => (
  <time dateTime={time} title={time}>
    {ago(time, moment.value)}
  </time>
)

import type { ListedHook, RowDelivery } from '../../protocol.ts'
import { moment } from '../clock.ts'
import { ago, dateOf, exactText } from '../words/time.ts'

/** The state of a hook in one word. */
export const Ready = ({ row }: { row: ListedHook }) => {
  if (row.ready !== 'False' && row.suspended) return <span class="pill off">Suspended</span>
  const kind = row.ready === 'True' ? 'good' : row.ready === 'False' ? 'bad' : 'off'
  return (
    <span class={`pill ${kind}`} title={row.message}>
      {row.ready === 'True' ? 'Ready' : row.reason}
    </span>
  )
}

/** The outcome of a delivery, such as `applied 2 → 3`. */
export const OutcomeText = ({
  delivery,
  isAlone = false,
}: {
  delivery: Omit<RowDelivery, 'sender'>
  isAlone?: boolean
}) => {
  const { from, outcome, reason, summary, to } = delivery
  const moved = from !== undefined && to !== undefined && from !== to
  const count = moved ? ` ${from} → ${to}` : to === undefined ? '' : ` at ${to}`
  // Shows the reason if neither a summary nor a count says what happened.
  const why = summary ?? (isAlone && count === '' && outcome !== 'applied' ? reason : undefined)
  const text = `${outcome}${count}${why === undefined ? '' : `: ${why}`}`
  return (
    <span class={`outcome ${outcome}`} title={isAlone ? `${text} (${reason})` : undefined}>
      {text}
    </span>
  )
}

export const Ago = ({ time }: { time: string }) => (
  <time dateTime={time} title={exactText(time)}>
    {ago(time, moment.value)}
  </time>
)

/** A time as a date, with its distance from now. */
export const When = ({ time }: { time: string }) => (
  <>
    {dateOf(time)} (<Ago time={time} />)
  </>
)

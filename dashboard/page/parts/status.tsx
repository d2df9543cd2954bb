import { Fragment, type ComponentChildren } from 'preact'
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
export const OutcomeText = ({ delivery }: { delivery: Omit<RowDelivery, 'sender'> }) => (
  <span class={`outcome ${delivery.outcome}`}>{outcomeText(delivery, delivery.summary)}</span>
)

/** The outcome of the last delivery in a row, in few words: the target is in the row, and what an image was before is in the title. */
export const ShortOutcome = ({ delivery, target = '' }: { delivery: RowDelivery; target: string | undefined }) => {
  const { outcome, reason, summary, to } = delivery
  // Shows the reason if neither a summary nor a count says what happened.
  const why = summary ?? (to === undefined && outcome !== 'applied' ? reason : undefined)
  const short = why?.replace(` ${target}`, '').replace(/: \S+ from \S+ to /, ' to ')
  return (
    <span class={`outcome ${outcome}`} title={`${outcomeText(delivery, why)} (${reason})`}>
      {outcomeText(delivery, short)}
    </span>
  )
}

type Outcome = Pick<RowDelivery, 'from' | 'outcome' | 'to'>

const outcomeText = ({ from, outcome, to }: Outcome, why: string | undefined): string => {
  const isMoved = from !== undefined && to !== undefined && from !== to
  const count = isMoved ? ` ${from} → ${to}` : to === undefined ? '' : ` at ${to}`
  return `${outcome}${count}${why === undefined ? '' : `: ${why}`}`
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

/** Names with their values. What has no value is left out. */
export const Facts = ({ facts }: { facts: Readonly<Record<string, ComponentChildren>> }) => (
  <dl>
    {Object.entries(facts)
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
  </dl>
)

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { HookEvent, ListedHook, RowDelivery } from '../../protocol.ts'
import { askServer } from '../ask.ts'
import { pathOf } from '../changes.ts'
import { Ago, OutcomeText } from '../parts/status.tsx'
import { whyNot } from '../rights.ts'
import { adviceOn } from '../words/advice.ts'
import { Prose } from '../words/prose.tsx'
import { sentence, sentences } from '../words/sentence.ts'

/** The last deliveries and the Events of a hook. */
export const Timeline = ({ row }: { row: ListedHook }) => (
  <section class="card" aria-label="Deliveries">
    <h2>Deliveries</h2>
    {row.recent.length === 0 ? (
      <p class="faint">None yet. Each post to this hook's URL appears here within seconds.</p>
    ) : (
      <ol class="deliveries">
        {row.recent.map((delivery, index) => (
          <DeliveryLine
            key={`${delivery.time} ${index}`}
            delivery={delivery}
            // Only the newest delivery with a reason shows the explanation of that reason.
            isFirst={row.recent.findIndex(({ reason }) => reason === delivery.reason) === index}
          />
        ))}
      </ol>
    )}
    <Events row={row} />
  </section>
)

const DeliveryLine = ({ delivery, isFirst }: { delivery: RowDelivery; isFirst: boolean }) => {
  const { outcome, reason, sender } = delivery
  const advice = isFirst && outcome !== 'applied' ? adviceOn(reason) : undefined
  return (
    <li>
      <span class="when">
        <Ago time={delivery.time} />
      </span>
      <OutcomeText delivery={delivery} />
      <span class="faint">
        {sender}, {reason}
      </span>
      {advice !== undefined && (
        <small>
          <Prose text={sentences(advice.means, advice.todo)} />
        </small>
      )}
    </li>
  )
}

const Events = ({ row }: { row: ListedHook }) => {
  const events = useSignal<readonly HookEvent[] | string | undefined>(undefined)
  const why = whyNot(row.namespace, 'events')
  const newest = row.last?.time
  useEffect(() => {
    if (why !== undefined) return undefined
    let isOver = false
    void askServer<readonly HookEvent[]>('GET', `${pathOf(row)}/events`).then(answer => {
      if (!isOver) events.value = answer.ok ? answer.body : sentence(answer.refusal.message)
    })
    return () => void (isOver = true)
  }, [row.key, row.ready, newest, why])
  const found = events.value
  return (
    <details>
      <summary>Events{Array.isArray(found) ? ` (${found.length})` : ''}</summary>
      {why !== undefined && <p class="faint">{why}.</p>}
      {typeof found === 'string' && <p class="faint">{found}</p>}
      {typeof found === 'object' && found.length === 0 && (
        <p class="faint">None: the API server keeps them for an hour by default.</p>
      )}
      {typeof found === 'object' && (
        <ol class="deliveries">
          {found.map((event, index) => (
            <li key={`${event.time} ${index}`}>
              <span class="when">
                <Ago time={event.time} />
              </span>
              <span class={event.type === 'Warning' ? 'outcome failed' : 'outcome'}>{event.reason}</span>
              <span>
                <Prose text={event.note} />
                {event.count > 1 ? ` (${event.count} times)` : ''}
              </span>
            </li>
          ))}
        </ol>
      )}
    </details>
  )
}

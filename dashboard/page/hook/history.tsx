import { ActionButton } from '../parts/act.tsx'
import { useSignal } from '@preact/signals'
import { isReason } from '../../../src/api/reasons.ts'
import { pageURL } from '../../../src/api/site.ts'
import type { HookDetail, HookEvent, HookHistory, ListedHook, PastDelivery } from '../../protocol.ts'
import { useAnswer } from '../answered.ts'
import { pathOf } from '../changes.ts'
import { Ago, Facts, OutcomeText, When } from '../parts/status.tsx'
import { Select } from '../parts/text-field.tsx'
import { whyNot } from '../rights.ts'
import { adviceOn } from '../words/advice.ts'
import { Prose } from '../words/prose.tsx'
import { sentence, sentences } from '../words/sentence.ts'

interface HistoryProps {
  readonly row: ListedHook
  readonly hook: HookDetail | undefined
}

/** The deliveries of one hook, as far as its status and its record know them, and its Events. Its key is the hook's uid. */
export const Deliveries = ({ hook, row }: HistoryProps) => {
  const outcome = useSignal('')
  const isAsked = useSignal(false)
  const newest: readonly PastDelivery[] = hook?.recent ?? row.recent
  // The record keeps the decision of a delivery first and its answer seconds later, as the status does: it is read again then.
  const older = useAnswer<HookHistory>(isAsked.value ? `${pathOf(row)}/history` : undefined, newest)
  const read = older.body?.deliveries ?? []
  // Of a user who may not read the record, only the status says what there was.
  const all = read.length === 0 ? newest : read
  const outcomes = [...new Set(all.map(delivery => delivery.outcome))]
  const shown = all.filter(delivery => outcome.value === '' || delivery.outcome === outcome.value)
  const why = older.body?.why ?? older.refusal?.message
  return (
    <section class="card" aria-label="Deliveries">
      <div class="line">
        <h2>Deliveries</h2>
        <span class="grow" />
        <label class="unseen" for="outcome">
          Show only
        </label>
        <Select
          id="outcome"
          class="short"
          value={outcome.value}
          onChoice={value => (outcome.value = value)}
          options={[['', 'all outcomes'], ...outcomes.map(each => [each, each] as const)]}
        />
      </div>
      {all.length === 0 && <p class="faint">None yet. Each post to this hook's URL appears here within seconds.</p>}
      <ol class="deliveries">
        {shown.map((delivery, index) => (
          <DeliveryLine
            key={`${delivery.time} ${delivery.key} ${index}`}
            delivery={delivery}
            // Only the newest delivery with a reason shows the explanation of that reason.
            isFirst={shown.findIndex(({ reason }) => reason === delivery.reason) === index}
          />
        ))}
      </ol>
      <div role="status">
        {why !== undefined && <p class="faint">{sentence(`can't show older deliveries: ${why}`)}</p>}
        {older.body !== undefined && why === undefined && (
          <p class="faint">
            This is all that the record remembers. Of older deliveries, it keeps only those with an idempotency key.
          </p>
        )}
      </div>
      {older.body === undefined && why === undefined && newest.length > 0 && (
        <ActionButton onAct={() => void (isAsked.value = true)}>Show older ones</ActionButton>
      )}
      <Events row={row} />
    </section>
  )
}

const DeliveryLine = ({ delivery, isFirst }: { delivery: PastDelivery; isFirst: boolean }) => {
  const { by, key, message, outcome, reason, sender, state, stateMessage, summary, time } = delivery
  const advice = isFirst && outcome !== 'applied' ? adviceOn(reason) : undefined
  const facts = {
    Time: <When time={time} />,
    Reason: reason && <ReasonLink reason={reason} />,
    Answer: message,
    Sender: sender,
    By: by,
    Did: summary,
    'Since then': state && sentences(state, stateMessage),
    Key: key && `begins with ${key} (hashed)`,
  }
  return (
    <li>
      <details>
        <summary>
          <span class="when">
            <Ago time={time} />
          </span>
          <OutcomeText delivery={delivery} />
          <span class="faint">{[by, sender, reason, state].filter(text => (text ?? '') !== '').join(', ')}</span>
        </summary>
        <Facts facts={facts} />
      </details>
      {advice !== undefined && (
        <small>
          <Prose text={sentences(advice.means, advice.todo)} />
        </small>
      )}
    </li>
  )
}

const Events = ({ row }: { row: ListedHook }) => {
  const why = whyNot(row.namespace, 'events')
  const path = why === undefined ? `${pathOf(row)}/events` : undefined
  const { body: found, refusal } = useAnswer<readonly HookEvent[]>(path, `${row.ready} ${row.last?.time}`)
  const fault = why ?? refusal?.message
  return (
    <details id="events">
      <summary>Events{found === undefined ? '' : ` (${found.length})`}</summary>
      {fault !== undefined && <p class="faint">{sentence(fault)}</p>}
      {found?.length === 0 && <p class="faint">None: the API server keeps them for an hour by default.</p>}
      {found !== undefined && (
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

/** A reason, as a link to what the documentation says about it. */
export const ReasonLink = ({ reason }: { reason: string }) =>
  isReason(reason) ? (
    <a href={pageURL(`docs/reference/reasons.md#${reason.toLowerCase()}`)} target="_blank" rel="noreferrer">
      {reason}
    </a>
  ) : (
    <>{reason}</>
  )

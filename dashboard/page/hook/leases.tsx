import type { ListedHook, RowLease } from '../../protocol.ts'
import { confirming } from '../changes.ts'
import { ActionButton } from '../parts/act.tsx'
import { Ago, When } from '../parts/status.tsx'
import { whyNot } from '../rights.ts'
import { moreLeases, signed } from '../words/hooks.ts'

/** What a hook has changed for a time, with a button that ends all of it. */
export const Leases = ({ leases, row }: { row: ListedHook; leases: readonly RowLease[] }) => {
  if (row.leases === undefined && leases.length === 0) return null
  const more = moreLeases(leases, row.leases)
  return (
    <section class="card" aria-label="Leases">
      <div class="line">
        <h2>Leases</h2>
        <span class="grow" />
        <ActionButton
          why={whyNot(row.namespace, 'patch')}
          onAct={() => (confirming.value = { what: 'many', change: 'end', rows: [row] })}
        >
          End now
        </ActionButton>
      </div>
      <ol class="deliveries">
        {leases.map((lease, index) => (
          <LeaseLine key={`${lease.object} ${lease.since} ${index}`} lease={lease} />
        ))}
      </ol>
      {more !== '' && <p class="faint">{more}</p>}
    </section>
  )
}

const LeaseLine = ({ lease: { by, object, of, since, state, until } }: { lease: RowLease }) => (
  <li>
    <span class="when">
      <Ago time={since} />
    </span>
    <span class="outcome">{object.includes('=') ? object : `${signed(by)} on ${object}`}</span>
    <span class={state === 'overdue' ? 'outcome failed' : 'faint'}>
      {state === 'overdue' && 'overdue: should have ended '}
      {state === 'held' && 'held back by bounds since '}
      {state === 'overruled' && 'over, because someone else has set the field; it would have ended '}
      {state === undefined && 'until '}
      <When time={until} />
      {of !== undefined && `, ${of}`}
    </span>
  </li>
)

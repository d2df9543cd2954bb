import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { CountPart, ListedHook, TargetCountDetail, TargetDetail } from '../../protocol.ts'
import { askServer, type ServerAnswer } from '../ask.ts'
import { moment } from '../clock.ts'
import { Ago, OutcomeText, Ready, When } from '../parts/status.tsx'
import { Trail } from '../parts/trail.tsx'
import { followLink, hookHref, targetHref } from '../route.ts'
import { all, countOf, synced } from '../store.ts'
import { signed } from '../words/leases.ts'
import { objectOf } from '../words/object.ts'
import { Prose } from '../words/prose.tsx'
import { sentence } from '../words/sentence.ts'
import { Chart } from './chart.tsx'

/** How often the page reads the target again if no delivery arrives, in milliseconds. */
const everyMs = 30_000

/** The page of an object: its counts with who wants which part of them, and the hooks that act on it. */
export const TargetPage = ({ kind, name, namespace }: { namespace: string; kind: string; name: string }) => {
  const object = `${kind}/${name}`
  const read = useSignal<ServerAnswer<TargetDetail> | undefined>(undefined)
  const rows = all.value.filter(row => row.namespace === namespace && objectOf(row.target) === object)
  const live = countOf(`${namespace}/${object}`).value
  const newest = rows.map(({ generation, last, leases }) => [generation, last?.time, leases])
  const key = JSON.stringify([newest, live?.replicas, Math.floor(moment.value / everyMs)])
  useEffect(() => {
    let isOver = false
    void askServer<TargetDetail>('GET', `/api/targets/${namespace}/${object}`).then(answer => {
      // What was read stays if the next read fails.
      if (!isOver && (answer.ok || read.peek()?.ok !== true)) read.value = answer
    })
    return () => void (isOver = true)
  }, [namespace, object, key])
  const found = read.value?.ok === true ? read.value.body : undefined
  const fault = read.value?.ok === false ? read.value.refusal.message : found?.note
  return (
    <article class="page">
      <Trail end={object} />
      <header class="line heading">
        <h1 tabIndex={-1}>{object}</h1>
        <span class="faint">{namespace}</span>
        {live !== undefined && live.ready !== live.replicas && (
          <span class="pill">
            {live.ready} of {live.replicas} ready
          </span>
        )}
      </header>
      {read.value === undefined && <p class="appears faint">Reading {object} …</p>}
      {fault !== undefined && (
        <p class="strip" role="status">
          {sentence(fault)}
        </p>
      )}
      {found?.counts.map(count => (
        <Count
          key={count.shownAs}
          count={count}
          namespace={namespace}
          rows={rows.filter(({ target }) => target === count.shownAs)}
          autoscalers={found.autoscalers}
        />
      ))}
      <ActingHooks rows={rows} />
    </article>
  )
}

interface CountProps {
  readonly count: TargetCountDetail
  readonly namespace: string
  readonly rows: readonly ListedHook[]
  readonly autoscalers: TargetDetail['autoscalers']
}

const Count = ({ autoscalers, count, namespace, rows }: CountProps) => (
  <section class="card" aria-label={`The count of ${count.shownAs}`}>
    <div class="line">
      <strong class="large">{count.count}</strong>
      <span class="faint">{count.shownAs}</span>
    </div>
    <Chart count={count} rows={rows} autoscalers={autoscalers} />
    <div class="sideways" tabIndex={0} role="region" aria-label={`What makes up the count of ${count.shownAs}`}>
      <table class="parts">
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Count</th>
            <th scope="col">Since</th>
            <th scope="col">Until</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">base</th>
            <td>{count.base}</td>
            <td>{count.baseAt !== undefined && <Ago time={count.baseAt} />}</td>
            <td />
            <td>{count.baseBy}</td>
          </tr>
          {count.lasting.by !== 0 && (
            <tr>
              <th scope="row">for good</th>
              <td>{signed(count.lasting.by)}</td>
              <td />
              <td />
              <td>{count.lasting.hooks.join(', ') || 'unexplained'}</td>
            </tr>
          )}
          {count.open.map(part => (
            <PartLine key={`${part.hook} ${part.since} ${part.until}`} part={part} namespace={namespace} />
          ))}
        </tbody>
      </table>
    </div>
    {count.notes.map(note => (
      <p key={note} class="faint">
        <Prose text={note} />
      </p>
    ))}
    {autoscalers.length > 0 && (
      <p>
        {'Look at '}
        {autoscalers.map(({ shownAs }, index) => (
          <span key={shownAs}>
            {index > 0 && ', '}
            <a href={targetHref(namespace, shownAs)} onClick={followLink(targetHref(namespace, shownAs))}>
              {shownAs}
            </a>
          </span>
        ))}
        , which sets this count.
      </p>
    )}
    {count.ended.length > 0 && (
      <details>
        <summary>Ended by a later write ({count.ended.length})</summary>
        <p class="help">Somebody else has set the count since, so nothing takes these back any more.</p>
        <ul class="help">
          {count.ended.map(({ by, hook, since }) => (
            <li key={`${hook} ${since}`}>
              {signed(by)} by {hook}, <Ago time={since} />
            </li>
          ))}
        </ul>
      </details>
    )}
  </section>
)

const PartLine = ({ namespace, part }: { part: CountPart; namespace: string }) => {
  const { by, hook, of, since, state, until } = part
  const href = hookHref(`${namespace}/${hook}`)
  return (
    <tr>
      <th scope="row">
        <a href={href} onClick={followLink(href)}>
          {hook}
        </a>
      </th>
      <td>{signed(by)}</td>
      <td>
        <Ago time={since} />
      </td>
      <td class={state === undefined ? '' : 'outcome failed'}>
        {state === 'held' ? 'kept back by bounds since ' : state === 'overdue' ? 'overdue since ' : ''}
        {until === undefined ? 'its alert ends' : <When time={until} />}
      </td>
      <td>{of ?? ''}</td>
    </tr>
  )
}

const ActingHooks = ({ rows }: { rows: readonly ListedHook[] }) => (
  <section class="card" aria-label="Hooks that act on it">
    <h2>Hooks that act on it</h2>
    {synced.value && rows.length === 0 && <p class="faint">None that you may see.</p>}
    <ol class="deliveries">
      {rows.map(row => (
        <li key={row.key}>
          <a href={hookHref(row.key)} onClick={followLink(hookHref(row.key))}>
            {row.name}
          </a>
          <span>
            {row.does}
            {row.max === undefined ? '' : `, ${row.min ?? 0}–${row.max}`}
          </span>
          <Ready row={row} />
          <span class="faint">
            {row.last === undefined ? (
              'no delivery yet'
            ) : (
              <>
                <OutcomeText delivery={row.last} /> <Ago time={row.last.time} />
              </>
            )}
          </span>
        </li>
      ))}
    </ol>
  </section>
)

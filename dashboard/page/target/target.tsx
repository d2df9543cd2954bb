import type { ComponentChildren } from 'preact'
import type { CountPart, TargetDetail } from '../../protocol.ts'
import { useAnswer } from '../answered.ts'
import { moment } from '../clock.ts'
import { HookRow } from '../list/row.tsx'
import { ObjectLink, PageLink, Trail } from '../parts/links.tsx'
import { Ago, When } from '../parts/status.tsx'
import { hookHref } from '../route.ts'
import { all, countOf, synced } from '../store.ts'
import { signed } from '../words/hooks.ts'
import { targetObject } from '../words/hooks.ts'
import { Prose } from '../words/prose.tsx'
import { sentence } from '../words/sentence.ts'
import { Chart, type ChartProps } from './chart.tsx'

/** How often the page reads the target again if no delivery arrives, in milliseconds. */
const everyMs = 30_000

/** The page of an object: its counts, the parts of these counts, and the hooks behind them. */
export const TargetPage = ({ kind, name, namespace }: { namespace: string; kind: string; name: string }) => {
  const object = `${kind}/${name}`
  const rows = all.value.filter(row => row.namespace === namespace && targetObject(row.target) === object)
  const live = countOf(`${namespace}/${object}`).value
  const newest = rows.map(({ generation, last, leases }) => [generation, last?.time, leases])
  const key = JSON.stringify([newest, live?.replicas, Math.floor(moment.value / everyMs)])
  const { body: found, refusal } = useAnswer<TargetDetail>(`/api/targets/${namespace}/${object}`, key)
  const fault = refusal?.message ?? found?.note
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
      {found === undefined && refusal === undefined && <p class="appears faint">Reading {object} …</p>}
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
      <h2>Hooks that act on it</h2>
      {synced.value && rows.length === 0 && <p class="faint">None that you may see.</p>}
      <div role="table" class="acting" aria-label="Hooks that act on it">
        <div role="rowgroup">
          {rows.map(({ key: id }, index) => (
            <HookRow key={id} id={id} index={index} />
          ))}
        </div>
      </div>
    </article>
  )
}

const Count = ({ autoscalers, count, namespace, rows }: ChartProps & { namespace: string }) => (
  <section class="card" aria-label={`The count of ${count.shownAs}`}>
    <div class="line">
      <strong class="large">{count.count}</strong>
      <span class="faint">{count.shownAs}</span>
    </div>
    <div class="sideways" tabIndex={0} role="region" aria-label={`What makes up the count of ${count.shownAs}`}>
      <Chart count={count} rows={rows} autoscalers={autoscalers} />
      <table class="parts">
        <thead>
          <tr>
            {['Part', 'Count', 'Since', 'Until', 'By'].map(title => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Line part="base" count={`${count.base}`} since={count.baseAt} by={count.baseBy} />
          {count.lasting.by !== 0 && (
            <Line
              part="for good"
              count={signed(count.lasting.by)}
              by={count.lasting.hooks.join(', ') || 'unexplained'}
            />
          )}
          {[...count.open, ...count.ended].map(part => (
            <Line
              key={`${part.hook} ${part.since}`}
              part={<PageLink to={hookHref(`${namespace}/${part.hook}`)}>{part.hook}</PageLink>}
              count={signed(part.by)}
              since={part.since}
              until={count.ended.includes(part) ? 'ended by a later write' : untilOf(part)}
              by={part.of ?? ''}
            />
          ))}
        </tbody>
      </table>
    </div>
    {count.notes.map(note => (
      <p key={note} class="faint">
        <Prose text={note} />
      </p>
    ))}
    {autoscalers.map(({ max, min, shownAs }) => (
      <p key={shownAs}>
        <ObjectLink namespace={namespace} target={shownAs} /> sets this count, from {min}
        {max === undefined ? '' : ` to ${max}`}.
      </p>
    ))}
  </section>
)

interface LineProps {
  readonly part: ComponentChildren
  readonly count: string
  readonly since?: string | undefined
  readonly until?: ComponentChildren
  readonly by: string
}

const Line = ({ by, count, part, since, until }: LineProps) => (
  <tr>
    <th scope="row">{part}</th>
    <td>{count}</td>
    <td>{since !== undefined && <Ago time={since} />}</td>
    <td>{until}</td>
    <td>{by}</td>
  </tr>
)

const untilOf = ({ state, until }: CountPart): ComponentChildren => {
  if (until === undefined) return 'its alert ends'
  const word = state === 'held' ? 'held back by bounds since ' : state === 'overdue' ? 'overdue since ' : ''
  return (
    <span class={word === '' ? '' : 'outcome failed'}>
      {word}
      <When time={until} />
    </span>
  )
}

import { useEffect, useRef } from 'preact/hooks'
import { isSeparate } from '../../../src/api/conditions.ts'
import { stringAt } from '../../../src/api/json.ts'
import { messageParts } from '../../../src/api/command-in.ts'
import type { HookCondition, HookDetail, ListedHook, ServerRefusal } from '../../protocol.ts'
import { isHidden } from '../browser.ts'
import { useAnswer } from '../answered.ts'
import { confirming, pathOf, setSuspended } from '../changes.ts'
import { moment } from '../clock.ts'
import { lastVisited } from '../list/shown.ts'
import { Nothing } from '../list/states.tsx'
import { ActionButton } from '../parts/act.tsx'
import { CountBar } from '../parts/bar.tsx'
import { ObjectLink, Trail } from '../parts/links.tsx'
import { CommandLine } from '../parts/notice.tsx'
import { Ago, OutcomeText, Ready, When } from '../parts/status.tsx'
import { readAgainKey } from '../reading.ts'
import { whyNot } from '../rights.ts'
import { cloneHref, editHref, goto } from '../route.ts'
import { rowSignal } from '../store.ts'
import { adviceOn } from '../words/advice.ts'
import { Prose } from '../words/prose.tsx'
import { capital, sentence, sentences } from '../words/sentence.ts'
import { Deliveries, ReasonLink } from './history.tsx'
import { Leases } from './leases.tsx'
import { Try } from './run.tsx'
import { URLCard } from './url.tsx'
import { UseIt } from './use.tsx'
import { WaitingForApproval } from './waiting.tsx'
import { YamlOf } from './yaml-of.tsx'

/**
 * The page of one hook: its settings and state, its deliveries, how to test it and how to use it.
 */
export const HookPage = ({ name, namespace }: { namespace: string; name: string }) => {
  const key = `${namespace}/${name}`
  const row = rowSignal(key)?.value
  useEffect(() => {
    lastVisited.value = key
  }, [key])
  const lookedAt = useRef(0)
  if (!isHidden()) lookedAt.current = moment.value
  const again = readAgainKey(key, row, lookedAt.current)
  const { body: hook, refusal } = useAnswer<HookDetail>(pathOf({ name, namespace }), again)
  if (row === undefined) return <Missing name={name} namespace={namespace} refusal={refusal} />
  return (
    <article class="page">
      <Trail end={row.name} />
      <Heading row={row} />
      <Summary row={row} hook={hook} />
      {hook?.spec['approval'] !== undefined && <WaitingForApproval row={row} moment={lookedAt.current} />}
      <div class="side-by-side">
        <div>
          <URLCard row={row} hook={hook} />
          <Try row={row} />
          {hook !== undefined && <Leases row={row} leases={hook.leases} />}
        </div>
        {hook !== undefined && <UseIt row={row} hook={hook} />}
      </div>
      <Deliveries key={row.uid} row={row} hook={hook} />
      {hook !== undefined && <YamlOf hook={hook} />}
    </article>
  )
}

type MissingProps = { name: string; namespace: string; refusal: ServerRefusal | undefined }

const Missing = ({ name, namespace, refusal }: MissingProps) => {
  // A hook that was just added may not be in the list yet.
  if (refusal === undefined) return <p class="middle appears faint">Reading {name} …</p>
  const isGone = refusal.reason === 'NotFound'
  const why = isGone ? `There is no hook ${name} in namespace ${namespace}.` : sentence(refusal.message)
  return <Nothing title={`${name} does not exist`} why={why} />
}

const Heading = ({ row }: { row: ListedHook }) => {
  const link = (label: string, href: string, right: 'create' | 'update') => (
    <ActionButton why={whyNot(row.namespace, right)} onAct={() => goto(href)}>
      {label}
    </ActionButton>
  )
  const why = whyNot(row.namespace, 'patch')
  return (
    <header class="line heading">
      <h1 tabIndex={-1}>{row.name}</h1>
      <span class="faint">{row.namespace}</span>
      <Ready row={row} />
      <span class="grow" />
      <span class="acts">
        {link('Clone', cloneHref(row.key), 'create')}
        {link('Edit', editHref(row.key), 'update')}
        <ActionButton why={why} onAct={() => void setSuspended(row, !row.suspended)}>
          {row.suspended ? 'Resume' : 'Suspend'}
        </ActionButton>
        {row.url !== 'named' && (
          <ActionButton why={why} onAct={() => (confirming.value = { what: 'rotate', row })}>
            Rotate
          </ActionButton>
        )}
        <ActionButton
          class="quiet danger"
          why={whyNot(row.namespace, 'delete')}
          onAct={() => (confirming.value = { what: 'many', change: 'delete', rows: [row] })}
        >
          Delete
        </ActionButton>
      </span>
    </header>
  )
}

/** The first rank: what the hook does, its count and its last delivery. */
const Summary = ({ hook, row }: { row: ListedHook; hook: HookDetail | undefined }) => {
  const counted = Object.entries(row.counts).filter(([, count]) => count > 0)
  const account = stringAt(hook?.spec, 'serviceAccountName')
  return (
    <section class="card" aria-label="What it does">
      <div class="rank">
        <div>
          <h2>{capital(row.does)}</h2>
          <p class="line">
            <ObjectLink namespace={row.namespace} target={row.target} />
            <CountBar row={row} />
          </p>
          {account !== undefined && <p class="faint">Acts as ServiceAccount/{account}, with only its rights.</p>}
        </div>
        <div>
          <p class="last-delivery">
            {row.last === undefined ? 'No delivery yet' : <OutcomeText delivery={row.last} />}
          </p>
          <p class="faint">
            {row.last !== undefined && (
              <>
                {row.last.sender}, <Ago time={row.last.time} />
                {'. '}
              </>
            )}
            {counted.length > 0 && `In all ${counted.map(([outcome, count]) => `${count} ${outcome}`).join(', ')}.`}
          </p>
        </div>
      </div>
      {hook?.managedBy !== undefined && (
        <p class="strip warn">Managed by {hook.managedBy}: it will undo changes made here.</p>
      )}
      {hook?.opening !== undefined && (
        <p class={hook.opening.closed === undefined ? 'faint' : 'strip'}>
          {hook.opening.closed === undefined ? 'Open' : `${capital(hook.opening.closed)}. Open`} {hook.opening.when}.
        </p>
      )}
      {hook !== undefined && hook.limits.length > 0 && <p class="faint">At most {hook.limits.join('; ')}.</p>}
      <ul class="conditions">
        {(hook?.conditions ?? []).map(condition => (
          <ConditionLine key={condition.type} condition={condition} row={row} />
        ))}
      </ul>
    </section>
  )
}

const ConditionLine = ({ condition, row }: { condition: HookCondition; row: ListedHook }) => {
  // Stalled and Reconciling repeat the message of Ready, so they are not shown.
  if (condition.type !== 'Ready' && !isSeparate(condition.type)) return null
  const isGood = condition.type === 'Ready' && condition.status === 'True'
  // A suspended hook is Ready too. The time of that condition does not say since when the hook is
  // suspended.
  const isSuspended = isGood && row.suspended
  const { command, text } = messageParts(condition.message)
  return (
    <li>
      <strong>{isSuspended ? 'Suspended' : isGood ? 'Ready' : <ReasonLink reason={condition.reason} />}</strong>
      {condition.since !== '' && !isSuspended && (
        <span class="faint">
          {' '}
          since <When time={condition.since} />
        </span>
      )}
      :{' '}
      <Prose
        text={sentences(
          command === undefined ? text : `${text} the command below`,
          isGood && !isSuspended ? undefined : adviceOn(condition.reason)?.todo,
        )}
      />
      {command !== undefined && <CommandLine label="The message's command" text={command} />}
    </li>
  )
}

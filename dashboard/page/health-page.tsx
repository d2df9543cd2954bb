import { ActionButton } from './parts/act.tsx'
import { useSignal } from '@preact/signals'
import { messageParts } from '../../src/api/command-in.ts'
import { shellWord } from '../../cli/snippets/shell-word.ts'
import type { Finding } from '../protocol.ts'
import { useAnswer } from './answered.ts'
import { namespaceShown } from './namespaces.ts'
import { CommandLine } from './parts/notice.tsx'
import { PageLink, Trail } from './parts/links.tsx'
import { hookHref } from './route.ts'
import { rowSignal } from './store.ts'
import { Prose } from './words/prose.tsx'
import { sentence } from './words/sentence.ts'

/** What `kubectl receiverhook doctor` finds, as far as this user may look. */
export const HealthPage = () => {
  const namespace = namespaceShown.value
  const looks = useSignal(0)
  const path = `/api/health?hooks=true&namespace=${encodeURIComponent(namespace)}`
  const { body, refusal } = useAnswer<readonly Finding[]>(path, looks.value)
  const found = body ?? []
  const seen = found.filter(({ unseen }) => unseen !== true)
  const unseen = found.filter(finding => finding.unseen === true)
  const wrong = seen.filter(({ is }) => is !== 'ok').toSorted((a, b) => a.is.localeCompare(b.is))
  return (
    <article class="page">
      <Trail end="Health" />
      <header class="line heading">
        <h1 tabIndex={-1}>Health</h1>
        <span class="faint">{namespace === '' ? 'all namespaces' : namespace}</span>
        <span class="grow" />
        <ActionButton onAct={() => (looks.value += 1)}>Look again</ActionButton>
      </header>
      <div role="status">
        {body === undefined && refusal === undefined && <p class="faint">Looking …</p>}
        {refusal !== undefined && <p class="strip bad">{sentence(refusal.message)}</p>}
        {seen.length > 0 && wrong.length === 0 && <p class="strip good">Everything that you may see is in order.</p>}
      </div>
      {wrong.map((finding, index) => (
        <Problem key={index} finding={finding} />
      ))}
      {seen.length > wrong.length && (
        <section class="card" aria-label="In order">
          <h2>In order</h2>
          <ul class="help">
            {seen
              .filter(({ is }) => is === 'ok')
              .map(({ about, message }) => (
                <li key={about + message}>
                  <strong>{about}</strong>: <Prose text={message} />
                </li>
              ))}
          </ul>
        </section>
      )}
      {unseen.length > 0 && (
        <p class="faint">
          You may not see {[...new Set(unseen.map(({ about }) => about))].join(', ')}. An administrator sees them with
          the command below.
        </p>
      )}
      <CommandLine
        label="The command that shows more"
        text={`kubectl receiverhook doctor ${namespace === '' ? '-A' : `-n ${shellWord(namespace)}`}`}
      />
    </article>
  )
}

const Problem = ({ finding: { about, is, message, todo } }: { finding: Finding }) => {
  const isHook = rowSignal(about) !== undefined
  const { command, text } = messageParts(todo ?? '')
  return (
    <section class="card" aria-label={`${about}: ${message}`}>
      <div class="line">
        <span class={is === 'failure' ? 'pill bad' : 'pill warn'}>{is}</span>
        <h2>{isHook ? <PageLink to={hookHref(about)}>{about}</PageLink> : about}</h2>
      </div>
      <p>
        <Prose text={sentence(message)} />
      </p>
      {text !== '' && (
        <p class="faint">
          <Prose text={sentence(command === undefined ? text : `${text} the command below`)} />
        </p>
      )}
      {command !== undefined && <CommandLine label="What to do" text={command} />}
    </section>
  )
}

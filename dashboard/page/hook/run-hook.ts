import type { ListedHook, RequestSeen } from '../../protocol.ts'
import { askServer } from '../ask.ts'
import { after, now } from '../browser.ts'
import { pathOf } from '../changes.ts'
import { adviceOn, outcomeOf } from '../words/advice.ts'
import { capital, sentence, sentences } from '../words/sentence.ts'

/** How long a trigger may take to answer before the page says that none does, in milliseconds. */
const answeredWithinMs = 30_000
/** How long a run is followed, in milliseconds: as long as the trigger follows it, and a little longer. */
const followsMs = 11 * 60_000

/** A text about a run, and how it looks: `good`, `bad` or neither. */
export interface RunText {
  readonly kind: string
  readonly text: string
}

interface Run {
  readonly row: ListedHook
  readonly dryRun: boolean
  /** The body of the post. If it is empty, the post has no body. */
  readonly body: string
  /** Returns whether nobody looks any more. */
  readonly isOver: () => boolean
  /** Called with what the run did, and how far that is. */
  readonly show: (texts: readonly RunText[]) => void
}

/** Makes a request to run a hook, and reads it again until what it began has ended. */
export const runHook = async ({ body, dryRun, isOver, row, show }: Run): Promise<void> => {
  const sent = { dryRun, ...(body === '' ? {} : { body }) }
  const made = await askServer<{ readonly request: string }>('POST', `${pathOf(row)}/run`, sent)
  if (!made.ok) return show([bad(made.refusal.message)])
  const beganAt = now()
  while (!isOver()) {
    const seen = await askServer<RequestSeen>('GET', `/api/requests/${row.namespace}/${made.body.request}`)
    if (isOver()) return
    if (!seen.ok) return show([bad(seen.refusal.message)])
    const { answer, waits } = seen.body
    const isLate = now() - beganAt > (answer || waits !== undefined ? followsMs : answeredWithinMs)
    if (answer) show(textsOf(answer, dryRun))
    else if (waits !== undefined) show([waiting(waits, `${made.body.request} -n ${row.namespace}`)])
    else if (isLate) show([bad(unanswered)])
    if (isLate || (answer && (dryRun || !isOpen(answer)))) return
    await new Promise<void>(resolve => after(answer || waits !== undefined ? 1000 : 200, resolve))
  }
}

type Answer = NonNullable<RequestSeen['answer']>

const isOpen = ({ outcome, state = 'progressing' }: Answer): boolean => outcome === 'applied' && state === 'progressing'

const unanswered =
  'no trigger answered within 30 s. The request runs within five minutes, or not at all. Health says whether triggers are running'

const waiting = (effect: string, request: string): RunText => ({
  kind: '',
  text: sentences(effect, `It waits until someone else approves it: kubectl receiverhook approve ${request}`),
})

const bad = (message: string): RunText => ({ kind: 'bad', text: sentence(message) })

/** Returns what the page says of an answer: what the run did, and how far that is. */
const textsOf = ({ message, outcome, reason, state, stateMessage }: Answer, dryRun: boolean): readonly RunText[] => {
  const isGood = outcome === 'applied' || outcome === 'unchanged'
  const did = {
    kind: isGood ? 'good' : outcome === 'skipped' ? '' : 'bad',
    text: withAdvice(`${outcomeOf(outcome, dryRun)} (${reason}): ${message}`, isGood ? '' : reason),
  }
  if (state === undefined || state === 'stored' || stateMessage === '') return [did]
  const isBad = state === 'stalled' || state === 'failed' || state === 'replaced'
  const kind = isBad ? 'bad' : state === 'complete' ? 'good' : ''
  const why = reasonOf[state]
  return [did, { kind, text: withAdvice(`${capital(state)}: ${stateMessage}`, why ?? '') }]
}

/** The reasons of the states about which something is to be done. */
const reasonOf: Readonly<Record<string, string>> = {
  stalled: 'RolloutStalled',
  failed: 'JobFailed',
  replaced: 'Replaced',
}

/** Adds what to do about a reason, unless the text contains it already. */
const withAdvice = (text: string, reason: string): string => {
  const todo = adviceOn(reason)?.todo
  return sentences(text, todo !== undefined && text.includes(todo) ? undefined : todo)
}

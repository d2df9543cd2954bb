import type { Tried } from '../../protocol.ts'
import type { ServerAnswer } from '../ask.ts'
import { adviceOn, outcomeOf } from './advice.ts'
import { capital, sentence, sentences } from './sentence.ts'

/** A text about a post, and how it looks: `good`, `bad` or neither. */
export interface TriedText {
  readonly kind: string
  readonly text: string
}

/** Returns the text that the page shows for the answer to a post. */
export const triedText = (answer: ServerAnswer<Tried>): TriedText => {
  if (!answer.ok) return { kind: 'bad', text: sentence(answer.refusal.message) }
  const { dryRun, message, outcome, reason, state } = answer.body
  if (state !== undefined) return stateText(state, answer.body)
  const isGood = outcome === 'applied' || outcome === 'unchanged'
  return {
    kind: isGood ? 'good' : outcome === 'skipped' ? '' : 'bad',
    text: withAdvice(`${outcomeOf(outcome, dryRun)} (${reason}): ${message}`, isGood ? '' : reason),
  }
}

const stateText = (state: string, { causes = [], message, of, ready, reason }: Tried): TriedText => {
  if (state === 'progressing') {
    const text = of === undefined ? message : [`${ready} of ${of} ready`, ...causes].join(', ')
    return { kind: '', text: sentence(text) }
  }
  const isBad = state === 'stalled' || state === 'failed' || state === 'replaced'
  return {
    kind: isBad ? 'bad' : state === 'complete' ? 'good' : '',
    text: withAdvice(`${capital(state)}: ${message}`, isBad ? reason : ''),
  }
}

/** Adds what to do about a reason, unless the text contains it already. */
const withAdvice = (text: string, reason: string): string => {
  const todo = adviceOn(reason)?.todo
  return sentences(text, todo !== undefined && text.includes(todo) ? undefined : todo)
}

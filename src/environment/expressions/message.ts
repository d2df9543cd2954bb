import type { Evaluation } from '../environment.ts'
import type { Verdict } from './program.ts'

/** What is sent to an evaluator: all but what only the sender needs. */
export type Question = Pick<Evaluation, 'expression' | 'variables'>

/** `usedMs`: how much of a processor it took. */
export interface Answer {
  readonly verdict: Verdict
  readonly usedMs: number
}

/** What an evaluator says when it can be asked. */
export const readyMessage = 'ready'

/** Both ends are one version of one program: this tells kinds of messages apart, and trusts their insides. */
export const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'expression' in message && 'variables' in message

export const isAnswer = (message: unknown): message is Answer =>
  typeof message === 'object' && message !== null && 'verdict' in message && 'usedMs' in message

import type { ExpressionVariables } from '../../environment/environment.ts'
import type { EvaluationVerdict } from '../language/program.ts'

/** A question to an evaluator: check an expression, or evaluate it for a delivery. */
export type Question =
  | { readonly ask: 'check'; readonly expression: string }
  | { readonly ask: 'evaluate'; readonly expression: string; readonly variables: ExpressionVariables }

/** The result of a check: no mistake, or the first one in one line. */
export type CheckFindings = { readonly sound: true } | { readonly mistake: string }

/** The answer to a question. */
export type EvaluatorResult = { readonly checked: CheckFindings } | { readonly verdict: EvaluationVerdict }

/** An answer, and the processor time that the question took, in milliseconds. */
export type EvaluatorAnswer = EvaluatorResult & { readonly usedMs: number }

/** The message of an evaluator that is ready for questions. */
export const readyMessage = 'ready'

/** Returns whether a message is a question. It trusts the content, because both ends are the same version. */
export const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'ask' in message && 'expression' in message

export const isAnswer = (message: unknown): message is EvaluatorAnswer =>
  typeof message === 'object' &&
  message !== null &&
  'usedMs' in message &&
  ('checked' in message || 'verdict' in message)

/** A process that checks or evaluates one expression at a time. It can be ended at any moment. */
export interface Evaluator {
  /** Sends a question. Call it only when the process is ready and has answered the previous one. */
  send(question: Question): void
  /**
   * Returns the processor time used since the start, in milliseconds; undefined if the system does
   * not report it.
   */
  usedMs(): number | undefined
  /** Ends the process at once, even during an evaluation. No event follows. */
  end(): void
}

/** Receives the events of an evaluator. None arrives before `StartEvaluator` has returned. */
export interface EvaluatorEvents {
  ready(): void
  answered(answer: EvaluatorAnswer): void
  /**
   * Called when the process ended without a call of `end`. `broke`: by its own fault, for example
   * out of memory. `was ended`: from outside.
   */
  ended(how: 'broke' | 'was ended'): void
}

export type StartEvaluator = (events: EvaluatorEvents) => Evaluator

import type { ExpressionVariables } from '../../environment/environment.ts'
import type { EvaluationVerdict } from '../language/program.ts'

/** What an evaluator is asked: to check an expression, or to evaluate it for a delivery. */
export type Question =
  | { readonly ask: 'check'; readonly expression: string }
  | { readonly ask: 'evaluate'; readonly expression: string; readonly variables: ExpressionVariables }

/** Of a check: the first mistake as one line, or that there is none. */
export type CheckFindings = { readonly sound: true } | { readonly mistake: string }

/** What an evaluator finds, to each of its questions. */
export type EvaluatorResult = { readonly checked: CheckFindings } | { readonly verdict: EvaluationVerdict }

/** `usedMs`: how much of a processor it took. */
export type EvaluatorAnswer = EvaluatorResult & { readonly usedMs: number }

/** What an evaluator says when it can be asked. */
export const readyMessage = 'ready'

/**
 * Distinguishes kinds of messages, and trusts their content: both ends are one version of one
 * program.
 */
export const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'ask' in message && 'expression' in message

export const isAnswer = (message: unknown): message is EvaluatorAnswer =>
  typeof message === 'object' &&
  message !== null &&
  'usedMs' in message &&
  ('checked' in message || 'verdict' in message)

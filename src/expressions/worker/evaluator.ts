import type { EvaluatorAnswer, Question } from './message.ts'

/** A process that checks or evaluates one expression at a time, and can be ended in the middle of it. */
export interface Evaluator {
  /** Only when it is ready, and when what was sent before is answered. */
  send(question: Question): void
  /** How much of a processor it has used since it began, in milliseconds; undefined where the system does not say. */
  usedMs(): number | undefined
  /** Ends it at once, even in the middle of an evaluation. No event follows. */
  end(): void
}

/** Receives the events of an evaluator. None comes before `StartEvaluator` has returned. */
export interface EvaluatorEvents {
  ready(): void
  answered(answer: EvaluatorAnswer): void
  /** It ended without being asked to. broke: by its own doing, as when it needs more memory than it may have. */
  ended(how: 'broke' | 'was ended'): void
}

export type StartEvaluator = (events: EvaluatorEvents) => Evaluator

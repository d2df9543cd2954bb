import type { EvaluatorAnswer, Question } from './message.ts'

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

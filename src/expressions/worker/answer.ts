import { check, mistakeInWords } from '../language/check.ts'
import { compiler } from '../language/program.ts'
import type { CheckFindings, EvaluatorResult, Question } from './message.ts'

/**
 * Returns the function that answers an evaluator's questions, one at a time. It caches compiled
 * expressions.
 */
export const answering = (): ((question: Question) => EvaluatorResult) => {
  const compile = compiler()
  return question => {
    if (question.ask === 'evaluate') return { verdict: compile(question.expression)(question.variables) }
    return { checked: findings(question.expression) }
  }
}

/** Returns the first mistake of an expression as one line, or that it has none. */
export const findings = (expression: string): CheckFindings => {
  const mistake = check(expression)
  return mistake ? { mistake: mistakeInWords(mistake) } : { sound: true }
}

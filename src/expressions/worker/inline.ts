import type { Expressions } from '../../environment/environment.ts'
import { compiler } from '../language/program.ts'
import { findings } from './answer.ts'

/**
 * Checks and evaluates in this process without a time limit. It is for tests and simulations, which
 * have no endless expressions.
 */
export const inlineExpressions = (): Expressions => {
  const compile = compiler()
  return {
    check: ({ expression }) => Promise.resolve(findings(expression)),
    evaluate: ({ expression, variables }) => Promise.resolve(compile(expression)(variables)),
    keepReady: () => {},
  }
}

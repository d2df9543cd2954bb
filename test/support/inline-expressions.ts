import type { Expressions } from '../../src/environment/environment.ts'
import { compiler } from '../../src/expressions/language/program.ts'
import { findings } from '../../src/expressions/worker/answer.ts'

/** Checks and evaluates in this process without a time limit, because the expressions here are not endless. */
export const inlineExpressions = (): Expressions => {
  const compile = compiler()
  return {
    check: ({ expression }) => Promise.resolve(findings(expression)),
    evaluate: ({ expression, variables }) => Promise.resolve(compile(expression)(variables)),
    keepReady: () => {},
  }
}

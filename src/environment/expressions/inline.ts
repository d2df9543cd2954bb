import type { Expressions } from '../environment.ts'
import { compiler } from './program.ts'

/** Evaluates in this process, with no budget: for the simulation, where nobody writes an expression that hangs. */
export const inlineExpressions = (): Expressions => {
  const compile = compiler()
  return { evaluate: ({ expression, variables }) => Promise.resolve(compile(expression)(variables)) }
}

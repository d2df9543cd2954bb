import { celType, isCelError, parse, plan, type CelInput } from '@bufbuild/cel'
import { BoundedMap } from '../../environment/bounded-map.ts'
import type { ExpressionVariables } from '../../environment/environment.ts'
import { bodyInput } from './body.ts'
import { describeFailure, notBoolean } from './failure.ts'
import { visibleHeaders } from './hidden.ts'
import { language } from './language.ts'
import { maxPrograms } from './limits.ts'

/**
 * The result of an expression for a delivery, or why it failed. The text does not quote the
 * delivery.
 */
export type EvaluationVerdict = { readonly counts: boolean } | { readonly failed: string }

export type CompiledExpression = (variables: ExpressionVariables) => EvaluationVerdict

/**
 * Returns a compiler that caches the latest expressions. An expression with an error becomes a
 * program that fails.
 */
export const compiler = (): ((expression: string) => CompiledExpression) => {
  const cel = language()
  const programs = new BoundedMap<string, CompiledExpression>(maxPrograms)

  const compile = (expression: string): CompiledExpression => {
    try {
      const parsed = parse(expression)
      const evaluate = plan(cel, parsed)
      return ({ body, headers, query, sender }) => {
        let input: CelInput | undefined
        const result = evaluate({
          // Reading a large body takes most of the time, and not every expression needs it.
          get body() {
            return (input ??= bodyInput(body))
          },
          headers: new Map(visibleHeaders(headers)),
          query: new Map(Object.entries(query)),
          sender,
        })
        if (typeof result === 'boolean') return { counts: result }
        if (!isCelError(result)) return { failed: notBoolean([celType(result).name]) }
        const why = describeFailure(expression, parsed, result)
        return { failed: body === undefined ? `${why}; this delivery has no JSON body` : why }
      }
    } catch {
      return () => ({ failed: 'the expression does not compile: see the conditions of the hook' })
    }
  }

  return expression => {
    const program = programs.get(expression) ?? compile(expression)
    programs.set(expression, program)
    return program
  }
}

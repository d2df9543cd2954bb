import { celType, isCelError, parse, plan, celMap, type CelInput } from '@bufbuild/cel'
import { BoundedMap } from '../../environment/bounded-map.ts'
import type { ExpressionVariables } from '../../environment/environment.ts'
import { describeFailure, notBoolean } from './failure.ts'
import { language } from './language.ts'
import { maxPrograms } from './limits.ts'

/**
 * A JSON object as a map for the evaluator. A plain object does not work: the evaluator asks it for
 * `constructor` and `$typeName`, which a body may contain. Members are converted when they are
 * read, because most expressions read few of them.
 */
class JsonMap implements ReadonlyMap<string, CelInput> {
  readonly #object: object
  readonly #members = new Map<string, CelInput>()

  constructor(object: object) {
    this.#object = object
  }

  get size(): number {
    return Object.keys(this.#object).length
  }

  get(name: string): CelInput | undefined {
    if (!this.#members.has(name)) {
      const member = Object.getOwnPropertyDescriptor(this.#object, name)
      if (!member) return undefined
      this.#members.set(name, inputOf(member.value))
    }
    return this.#members.get(name)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name)
  }

  keys(): MapIterator<string> {
    return Object.keys(this.#object).values()
  }

  values(): MapIterator<CelInput> {
    return this.#copy().values()
  }

  entries(): MapIterator<[string, CelInput]> {
    return this.#copy().entries()
  }

  [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries()
  }

  forEach(callback: (value: CelInput, name: string, map: ReadonlyMap<string, CelInput>) => void): void {
    for (const [name, value] of this.entries()) callback(value, name, this)
  }

  #copy(): Map<string, CelInput> {
    return new Map(Object.entries(this.#object).map(([name, member]) => [name, inputOf(member)]))
  }
}

const inputOf = (value: unknown): CelInput => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(inputOf)
  return typeof value === 'object' && value !== null ? celMap(new JsonMap(value)) : null
}

/**
 * Returns the value of the variable `body` for a delivery. Returns null if there is no body, if it
 * is no JSON, or if it is nested too deeply.
 */
const bodyInput = (body: Uint8Array | undefined): CelInput => {
  if (body === undefined) return null
  try {
    return inputOf(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return null
  }
}

/** Headers with secrets. An expression cannot see them, because its result could reveal them. */
const hidden: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-api-key',
  'x-gitlab-token',
])

/** Returns the headers that an expression may see, as entries. */
const visibleHeaders = (headers: Readonly<Record<string, string>>): (readonly [string, string])[] =>
  Object.entries(headers).filter(([name]) => !hidden.has(name))

/** The result of an expression for a delivery, or why it failed. The text does not quote the delivery. */
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
      return () => ({ failed: "the expression does not compile: see the hook's conditions" })
    }
  }

  return expression => {
    const program = programs.get(expression) ?? compile(expression)
    programs.set(expression, program)
    return program
  }
}

/** A value as CEL sees it: bigint is int, number is double. */
export type CelValue = bigint | number | string | boolean | null | readonly CelValue[] | ReadonlyMap<string, CelValue>

/** One entry of `x-kubernetes-validations`. */
export interface CelRule {
  readonly message: string
  readonly fieldPath: string
  readonly reason: string | undefined
  /** A rule on `oldSelf` is judged only where there is a previous value. */
  readonly isTransition: boolean
  readonly judge: RuleJudge
}

/** Whether a value keeps a rule, or why that could not be found out. */
export type RuleJudge = (self: CelValue, oldSelf: CelValue) => boolean | { readonly failed: string }

/** Makes a judge of a CEL expression. Throws an Error for what is not CEL. */
export type RuleCompiler = (expression: string) => RuleJudge

/** A rule in a CRD that cannot be compiled. */
export class RuleError extends Error {
  override readonly name = 'RuleError'
  /** Where in the CRD the rule stands. */
  readonly field: string
  readonly expression: string

  constructor(field: string, expression: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.field = field
    this.expression = expression
  }
}

/** A value as CEL sees it: bigint is int, number is double. */
export type CelValue = bigint | number | string | boolean | null | readonly CelValue[] | ReadonlyMap<string, CelValue>

/** One entry of `x-kubernetes-validations`. */
export interface CelRule {
  readonly message: string
  readonly fieldPath: string
  readonly reason: string | undefined
  /** True if the rule uses `oldSelf`. Such a rule is checked only if there is a previous value. */
  readonly isTransition: boolean
  readonly check: RuleCheck
}

/** Returns whether a value satisfies a rule, or why the rule failed. */
export type RuleCheck = (self: CelValue, oldSelf: CelValue) => boolean | { readonly failed: string }

/** Compiles a CEL expression. Throws an Error if it is no valid CEL. */
export type RuleCompiler = (expression: string) => RuleCheck

/** A rule in a CRD that cannot be compiled. */
export class RuleError extends Error {
  override readonly name = 'RuleError'
  /** The rule's path in the CRD. */
  readonly field: string
  readonly expression: string

  constructor(field: string, expression: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.field = field
    this.expression = expression
  }
}

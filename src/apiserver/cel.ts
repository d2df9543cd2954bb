import { celEnv, CelScalar, isCelError, parse, plan } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import type { RuleCompiler } from './rule.ts'

/** Judges CRDs' rules with a CEL evaluator. */
export const celRules: RuleCompiler = expression => {
  const environment = celEnv({ variables: { self: CelScalar.DYN, oldSelf: CelScalar.DYN }, funcs: [...strings] })
  const evaluate = plan(environment, parse(expression))
  return (self, oldSelf) => {
    const result: unknown = evaluate({ self, oldSelf })
    if (typeof result === 'boolean') return result
    return { failed: isCelError(result) ? result.message : 'the rule is not true or false' }
  }
}

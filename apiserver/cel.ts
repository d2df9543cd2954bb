import { celEnv, celMethod, CelScalar, isCelError, listType, parse, plan } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import type { RuleCompiler } from './rule.ts'

/**
 * Implements `findAll` of Kubernetes' CEL library
 * (https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-regex-library).
 */
const findAll = celMethod(
  'findAll',
  CelScalar.STRING,
  [CelScalar.STRING],
  listType(CelScalar.STRING),
  function findAll(pattern) {
    return this.match(new RegExp(pattern, 'g')) ?? []
  },
)

/** Compiles the rules of CRDs with a CEL evaluator. */
export const celRules: RuleCompiler = expression => {
  const environment = celEnv({
    variables: { self: CelScalar.DYN, oldSelf: CelScalar.DYN },
    funcs: [...strings, findAll],
  })
  const evaluate = plan(environment, parse(expression))
  return (self, oldSelf) => {
    const result: unknown = evaluate({ self, oldSelf })
    if (typeof result === 'boolean') return result
    return { failed: isCelError(result) ? result.message : 'the rule is not true or false' }
  }
}

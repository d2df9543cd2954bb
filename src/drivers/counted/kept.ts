import type { ResourceType } from '../../kube/paths.ts'
import { countsAnnotation } from '../../steps/target/histories.ts'
import { markAnnotation } from '../../steps/target/via-object.ts'
import type { Cel, Kept } from '../driver-rights.ts'
import { nowAndBefore, sameAnnotations, sameBut, sameMember } from '../unchanged.ts'

/**
 * Makes the rule for writes of a kind: they may change only the count at `path`, and the
 * annotations that the write leaves.
 */
export const onlyCount = (type: ResourceType, path: readonly string[]): Kept => {
  const way = path
    .slice(0, -1)
    .map((_, depth) => sameBut(nowAndBefore(path.slice(0, depth + 1)), [path[depth + 1] ?? '']))
  return keptByRules(type, path.join('.'), way)
}

/**
 * Makes the rule for writes of a kind with several counts in its spec: they may change only one of
 * `members`, and the annotations that the write leaves.
 */
export const onlyOneCount = (type: ResourceType, members: readonly [string, string]): Kept => {
  const spec = nowAndBefore(['spec'])
  const isOne = members.map(member => sameMember(spec, member)).map(rule => `(${rule})`)
  return keptByRules(type, members.map(member => `spec.${member}`).join(' or '), [
    sameBut(spec, members),
    isOne.join(' || '),
  ])
}

/**
 * Makes the rule for writes of a kind: they may change only what `rules` allow, and the
 * annotations that the write leaves. `what` names the allowed fields, for messages.
 */
export const keptByRules = ({ group, resource }: ResourceType, what: string, rules: readonly Cel[]): Kept => {
  const all = [
    ...['labels', 'finalizers', 'ownerReferences'].map(member => sameMember(nowAndBefore(['metadata']), member)),
    sameAnnotations(nowAndBefore(['metadata']), markAnnotation, countsAnnotation),
    ...rules,
  ]
  return {
    group,
    resource,
    only: `${what}, and the annotations ${markAnnotation} and ${countsAnnotation}`,
    holds: all.map(rule => `(${rule})`).join(' &&\n'),
  }
}

import type { ResourceType } from '../../kube/paths.ts'
import { markAnnotation } from '../../steps/target/via-object.ts'
import type { Cel, Kept } from '../driver-rights.ts'
import { both, sameAnnotations, sameBut, sameMember } from '../unchanged.ts'

/**
 * Makes the rule for writes of a kind: they may change only the count at `path`, and the annotation
 * with the mark of the write.
 */
export const onlyCount = (type: ResourceType, path: readonly string[]): Kept => {
  const way = path.slice(0, -1).map((_, depth) => sameBut(both(path.slice(0, depth + 1)), [path[depth + 1] ?? '']))
  return keptByRules(type, path.join('.'), way)
}

/**
 * Makes the rule for writes of a kind: they may change only what `rules` allow, and the annotation
 * with the mark of the write. `what` names the allowed fields, for messages.
 */
export const keptByRules = ({ group, resource }: ResourceType, what: string, rules: readonly Cel[]): Kept => {
  const all = [
    ...['labels', 'finalizers', 'ownerReferences'].map(member => sameMember(both(['metadata']), member)),
    sameAnnotations(both(['metadata']), markAnnotation),
    ...rules,
  ]
  return {
    group,
    resource,
    only: `${what}, and the annotation ${markAnnotation}`,
    holds: all.map(rule => `(${rule})`).join(' &&\n'),
  }
}

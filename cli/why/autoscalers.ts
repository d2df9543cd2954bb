import { at, stringAt } from '../../src/api/json.ts'
import { controllerOf, type StoredObject } from '../../src/api/object.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { autoscalers, scaledObjects } from '../../src/kube/resources.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { listObjects } from '../cluster/hooks.ts'
import type { Subject } from './subject.ts'

/** An object whose autoscaling sets a count. */
export interface CountAutoscaler {
  /** Kind and name, such as `HorizontalPodAutoscaler/web`, or the `ScaledObject/web` that created it. */
  readonly shownAs: string
  readonly min: number
  readonly max?: number
}

/**
 * Returns the objects whose autoscaling sets the counts of a subject. `unknown`: this user may not list
 * autoscalers.
 */
export const autoscalersOf = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  { name, type }: Pick<Subject, 'name' | 'type'>,
): Promise<readonly CountAutoscaler[] | 'unknown'> => {
  try {
    const found = await listObjects(cluster, autoscalers, cluster.namespace)
    return found
      .filter(object => {
        const [group] = (stringAt(object, 'spec', 'scaleTargetRef', 'apiVersion') ?? '').split('/', 1)
        return (
          stringAt(object, 'spec', 'scaleTargetRef', 'kind') === type.kind &&
          stringAt(object, 'spec', 'scaleTargetRef', 'name') === name &&
          (group === type.group || type.group === '')
        )
      })
      .map(autoscalerOf)
      .sort((a, b) => a.shownAs.localeCompare(b.shownAs))
  } catch (error) {
    if (isStatus(error, 403, 404)) return 'unknown'
    throw error
  }
}

const autoscalerOf = (object: StoredObject): CountAutoscaler => {
  const owner = controllerOf(object)
  const [min, max] = ['minReplicas', 'maxReplicas'].map(name => at(object, 'spec', name))
  return {
    shownAs:
      owner?.kind === scaledObjects.kind
        ? `${owner.kind}/${owner.name}`
        : `${autoscalers.kind}/${object.metadata.name}`,
    // Kubernetes' default.
    min: typeof min === 'number' ? min : 1,
    ...(typeof max === 'number' && { max }),
  }
}

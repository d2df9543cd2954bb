import { stringAt } from '../../../src/api/json.ts'
import { controllerOf, type StoredObject } from '../../../src/api/object.ts'
import type { TargetKind } from '../../../src/drivers/driver.ts'
import { drivers } from '../../../src/drivers/registry.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { apiVersionOf } from '../../../src/kube/paths.ts'
import { autoscalers } from '../../../src/kube/resources.ts'
import type { OfferedTarget, Targets } from '../../protocol.ts'
import { askList, ApiRefused } from '../api.ts'
import { parameter, type Api, type Context } from '../context.ts'
import { maxTargets } from '../limits.ts'
import { RefusedError } from '../refused.ts'

export const offeredRoutes = (router: Api, { sessionOf }: Context): void => {
  // Returns the objects that a driver can change in a namespace, and who already sets their counts.
  router.get('/namespaces/:namespace/targets', async (request, response) => {
    const { namespace } = request.params
    const { api } = sessionOf(request)
    const driver = drivers.find(({ name }) => name === parameter(request.query, 'driver'))
    if (driver === undefined) throw new RefusedError(400, 'BadRequest', 'driver names no driver')
    const scaled = await scaledBy(api, namespace)
    const found: Found[] = []
    // Reads one kind after another, so that at most one page of a list is in memory.
    for (const kind of driver.targets) found.push(await ofKind(api, namespace, kind, scaled))
    response.json({
      types: driver.targets.map(({ type }) => ({ apiVersion: apiVersionOf(type), kind: type.kind })),
      targets: found.flatMap(({ targets }) => targets),
      missing: found.flatMap(({ missing }) => missing),
    } satisfies Targets)
  })
}

type Found = Omit<Targets, 'types'>

const ofKind = async (
  api: ApiConnection,
  namespace: string,
  kind: TargetKind,
  scaled: ReadonlyMap<string, string>,
): Promise<Found> => {
  try {
    const targets: OfferedTarget[] = []
    for await (const object of askList(api, kind.type, namespace)) {
      const target = targetOf(object, kind, scaled)
      // A ReplicaSet of a Deployment is not offered.
      if (target.owner === undefined || target.kind !== 'ReplicaSet') targets.push(...partsOf(target, object, kind))
      if (targets.length >= maxTargets) break
    }
    return { targets, missing: [] }
  } catch (error) {
    if (!(error instanceof ApiRefused) || (error.status !== 403 && error.status !== 404)) throw error
    // `missing` is for kinds that the user may not list (403), not for kinds that the cluster does
    // not have (404).
    return { targets: [], missing: error.status === 404 ? [] : [{ kind: kind.type.kind, why: error.message }] }
  }
}

/** Returns the object itself, or the parts of it that a hook can change. */
const partsOf = (target: OfferedTarget, object: StoredObject, { parts }: TargetKind): readonly OfferedTarget[] =>
  parts === undefined
    ? [target]
    : parts(object).map(({ more, wanted }) => ({ ...target, more, ...(wanted !== undefined && { replicas: wanted }) }))

const targetOf = (
  object: StoredObject,
  { replicas, type }: TargetKind,
  scaled: ReadonlyMap<string, string>,
): OfferedTarget => {
  const { name } = object.metadata
  const controller = controllerOf(object)
  const owner = controller ? `${controller.kind}/${controller.name}` : scaled.get(`${type.kind}/${name}`)
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    name,
    replicas: replicas?.(object)?.wanted,
    owner,
  }
}

/**
 * Returns the autoscaler of each object, by `Kind/name`. If autoscalers cannot be listed, the map
 * has only those that were read before the error.
 */
const scaledBy = async (api: ApiConnection, namespace: string): Promise<ReadonlyMap<string, string>> => {
  const scaled = new Map<string, string>()
  try {
    const pick = ['spec.scaleTargetRef.kind', 'spec.scaleTargetRef.name']
    for await (const item of askList(api, autoscalers, namespace, { pick })) {
      const kind = stringAt(item, 'spec', 'scaleTargetRef', 'kind')
      const name = stringAt(item, 'spec', 'scaleTargetRef', 'name')
      scaled.set(`${kind}/${name}`, `HorizontalPodAutoscaler/${item.metadata.name}`)
    }
  } catch (error) {
    if (!(error instanceof ApiRefused) || error.status === 401) throw error
  }
  return scaled
}

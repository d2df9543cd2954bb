import { at, isObject, stringAt } from '../../../src/api/json.ts'
import { objectNameRule } from '../../../src/api/names.ts'
import { controllerOf, type StoredObject } from '../../../src/api/object.ts'
import type { TargetKind } from '../../../src/drivers/driver.ts'
import { drivers } from '../../../src/drivers/registry.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { apiVersionOf, objectPath, type ResourceType } from '../../../src/kube/paths.ts'
import { autoscalers, secrets, serviceAccounts } from '../../../src/kube/resources.ts'
import type { OfferedTarget, Targets } from '../../protocol.ts'
import { askList, askObject, ApiRefused, unlessRefused } from '../api.ts'
import { parameter, type Api, type Context } from '../context.ts'
import { maxTargets } from '../limits.ts'
import { RefusedError } from '../refused.ts'
import { listOf } from '../row.ts'

/** The kinds whose names a form offers, besides targets. */
const kinds: readonly ResourceType[] = [
  secrets,
  serviceAccounts,
  { group: '', version: 'v1', resource: 'services', kind: 'Service' },
  { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' },
]

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
    for (const kind of driver.targets) {
      const offered = ofKind(api, namespace, kind, scaled)
      found.push(await unlessRefused(offered, [403, 404], refused => withoutKind(kind.type.kind, refused)))
    }
    response.json({
      types: driver.targets.map(({ type }) => ({ apiVersion: apiVersionOf(type), kind: type.kind })),
      targets: found.flatMap(({ targets }) => targets),
      missing: found.flatMap(({ missing }) => missing),
    } satisfies Targets)
  })

  // Returns the names of a kind in a namespace. With `of`, returns the keys of this Secret or the ports of this
  // Service. Nothing of a Secret but its keys is in an answer. Empty if the user may not look.
  router.get('/namespaces/:namespace/names', async (request, response) => {
    const { namespace } = request.params
    const type = kinds.find(({ kind }) => kind === parameter(request.query, 'kind'))
    const of = parameter(request.query, 'of')
    if (type === undefined || (of !== '' && !objectNameRule.holds(of))) {
      throw new RefusedError(400, 'BadRequest', 'kind and of must be something that the form offers')
    }
    const { api } = sessionOf(request)
    const path = objectPath(type, namespace, of)
    const names = of === '' ? namesOf(api, type, namespace) : askObject(api, { method: 'GET', path }).then(namesInside)
    response.json(await unlessRefused(names, [403, 404], () => []))
  })
}

type Found = Omit<Targets, 'types'>

const ofKind = async (
  api: ApiConnection,
  namespace: string,
  kind: TargetKind,
  scaled: ReadonlyMap<string, string>,
): Promise<Found> => {
  const targets: OfferedTarget[] = []
  for await (const object of askList(api, kind.type, namespace)) {
    const target = targetOf(object, kind, scaled)
    // A ReplicaSet of a Deployment is not offered.
    if (target.owner === undefined || target.kind !== 'ReplicaSet') targets.push(...partsOf(target, object, kind))
    if (targets.length >= maxTargets) break
  }
  return { targets, missing: [] }
}

/** Returns what is offered of a kind that the user may not list (403), or that the cluster does not have (404). */
const withoutKind = (kind: string, { message, status }: ApiRefused): Found => ({
  targets: [],
  missing: status === 404 ? [] : [{ kind, why: message }],
})

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

const namesOf = async (api: ApiConnection, type: ResourceType, namespace: string): Promise<readonly string[]> => {
  const names: string[] = []
  for await (const { metadata } of askList(api, type, namespace, { as: 'metadata list' })) {
    names.push(metadata.name)
    if (names.length >= maxTargets) break
  }
  return names
}

/** Returns the keys of a Secret, or the ports of a Service by name or number. */
const namesInside = (object: unknown): readonly string[] => {
  const data = at(object, 'data')
  if (isObject(data)) return Object.keys(data)
  return listOf(at(object, 'spec', 'ports')).map(port => stringAt(port, 'name') ?? String(at(port, 'port')))
}

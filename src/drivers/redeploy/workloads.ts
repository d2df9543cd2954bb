import { at, stringAt, tryParseJson } from '../../api/json.ts'
import { controllerOf, isStoredObject, type KubeObject, type StoredObject } from '../../api/object.ts'
import type { ApiConnection } from '../../environment/environment.ts'
import { ApiError } from '../../kube/errors.ts'
import { collectionPath } from '../../kube/paths.ts'
import { read } from '../../kube/requests.ts'
import { workloadKind, workloadKinds, type Workloads } from './kinds.ts'
import type { Redeploy } from './schema.ts'

/** How long one request may take, in milliseconds. */
export const requestWithinMs = 3000

/** How many workloads one answer holds, and how many a delivery rolls out at most. */
const pageSize = 500
const mostWorkloads = 1000

/** A workload as it was read. */
export interface Found {
  readonly workloads: Workloads
  readonly object: StoredObject
}

/** What keeps a workload from being rolled out. */
export interface Obstacle {
  readonly reason: 'TargetNotFound' | 'TargetBeingDeleted' | 'OwnedByController'
  readonly message: string
}

/**
 * Reads what a hook acts on: its target, or what its selector selects, of which that is passed over which would not stay as it
 * is written. Throws what the API throws.
 */
export const findWorkloads = async (
  api: ApiConnection,
  namespace: string,
  { kinds, selector, target }: Redeploy,
): Promise<readonly Found[] | Obstacle> => {
  if (target) {
    const workloads = workloadKind(target.kind)
    if (!workloads) throw new TypeError(`spec.redeploy.target.kind was accepted and is none: ${target.kind}`)
    const object = await read(api, workloads.type, namespace, target.name, { lane: 'act', timeoutMs: requestWithinMs })
    return object ? (obstacleOf(object, workloads) ?? [{ workloads, object }]) : missing(target, namespace)
  }
  const meant = workloadKinds.filter(({ type }) => kinds?.includes(type.kind) ?? true)
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`)
  const found: Found[] = []
  for (const workloads of meant) {
    for await (const object of listed(api, workloads, namespace, labels.join(','))) {
      if (!obstacleOf(object, workloads)) found.push({ workloads, object })
      if (found.length === mostWorkloads) return found
    }
  }
  return found
}

export const missing = ({ kind, name }: NonNullable<Redeploy['target']>, namespace: string): Obstacle => ({
  reason: 'TargetNotFound',
  message: `there is no ${kind}/${name} in namespace ${namespace}`,
})

/** What would set a workload back, or be done for nothing. */
export const obstacleOf = (object: KubeObject, { type }: Workloads): Obstacle | undefined => {
  const name = `${type.kind}/${object.metadata.name}`
  if (object.metadata.deletionTimestamp !== undefined) {
    return { reason: 'TargetBeingDeleted', message: `${name} is being deleted` }
  }
  const owner = controllerOf(object)
  return (
    owner && { reason: 'OwnedByController', message: `${owner.kind}/${owner.name} controls ${name} and sets it back` }
  )
}

async function* listed(
  api: ApiConnection,
  { type }: Workloads,
  namespace: string,
  labelSelector: string,
): AsyncGenerator<StoredObject> {
  let next: Readonly<Record<string, string>> = {}
  for (;;) {
    const answer = await api.request({
      method: 'GET',
      path: collectionPath(type, namespace),
      query: { limit: String(pageSize), ...(labelSelector !== '' && { labelSelector }), ...next },
      lane: 'act',
      timeoutMs: requestWithinMs,
    })
    if (answer.status !== 200) throw new ApiError(answer, `list of ${type.resource}`)
    const page = tryParseJson(answer.body)
    const items = at(page, 'items')
    for (const item of Array.isArray(items) ? items : []) if (isStoredObject(item)) yield item
    const token = stringAt(page, 'metadata', 'continue') ?? ''
    if (token === '') return
    next = { continue: token }
  }
}

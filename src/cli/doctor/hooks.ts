import type { ReceiverHook } from '../../api/hook.ts'
import { isReceiverHook } from '../../api/hook.ts'
import { at, isObject, stringAt } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { isReason, reasons } from '../../api/reasons.ts'
import { leasesFinalizer } from '../../api/record-due.ts'
import { drivers } from '../../drivers/registry.ts'
import { objectPath } from '../../kube/paths.ts'
import { send } from '../../kube/requests.ts'
import { hooks, records } from '../../kube/resources.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { listObjects, interactiveTimeoutMs } from '../cluster/hooks.ts'
import { failure, ok, warning, type Finding } from './finding.ts'

/** Checks the status of each hook, and whether something else sets the count of its target. */
export const checkHooks = async (cluster: Cluster, namespace: string | undefined): Promise<readonly Finding[]> => {
  const items = await listObjects(cluster, hooks, namespace)
  const found = items.filter(isReceiverHook)
  if (found.length === 0) return [ok('hooks', 'there is none')]
  const conditions = found.flatMap(conditionOf)
  const owners = (await Promise.all(found.map(hook => ownerOf(cluster, hook).catch(() => [])))).flat()
  const good = found.length - conditions.length
  return [ok('hooks', `${good} of ${found.length} are ready`), ...conditions, ...owners]
}

const conditionOf = ({ metadata, status }: ReceiverHook): readonly Finding[] => {
  const name = `${metadata.namespace}/${metadata.name}`
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready === undefined || status?.observedGeneration !== metadata.generation) {
    return [
      warning(
        name,
        'no controller has looked at its present spec',
        'Wait a moment; if it stays so, look at the controller.',
      ),
    ]
  }
  if (ready.status === 'True') return []
  return [
    failure(
      name,
      `${ready.reason}: ${ready.message}`,
      isReason(ready.reason) ? reasons[ready.reason].todo : 'Read the message.',
    ),
  ]
}

/**
 * Matches the field managers of Helm and of GitOps controllers. If their manifest has `replicas`,
 * they reset the count with each upgrade or sync.
 */
const gitOps = /^(helm|argocd|kustomize-controller|helm-controller|flux|fluxcd)/

/**
 * Returns a warning if Helm or a GitOps controller owns the target's `replicas`, and will therefore
 * reset the count.
 */
const ownerOf = async ({ api }: Cluster, { metadata, spec, status }: ReceiverHook): Promise<readonly Finding[]> => {
  const [kindName, name = ''] = (status?.target ?? '').split('/', 2)
  const kind = drivers.find(driver => driver.name === spec.driver)?.targets.find(({ type }) => type.kind === kindName)
  if (kind?.replicas === undefined) return []
  const path = objectPath(kind.type, metadata.namespace, name)
  const target = await send(api, { method: 'GET', path, timeoutMs: interactiveTimeoutMs })
  const owner = ownerOfReplicas(target)
  if (owner === undefined) return []
  return [
    warning(
      `${metadata.namespace}/${metadata.name}`,
      `${owner} sets the replicas of ${kindName}/${name}, and will set them back`,
      'Leave replicas out of the manifest, or out of what is compared: docs/how-to/gitops-argo-cd.md, gitops-flux.md.',
    ),
  ]
}

const ownerOfReplicas = ({ metadata }: StoredObject): string | undefined =>
  (metadata.managedFields ?? [])
    .filter(entry => isObject(at(entry, 'fieldsV1', 'f:spec', 'f:replicas')))
    .map(entry => stringAt(entry, 'manager') ?? '')
    .find(manager => gitOps.test(manager))

/**
 * Finds records whose hook does not exist. The garbage collector deletes a record with its hook. If
 * such records remain, the collector may have stopped.
 */
export const checkRecords = async (cluster: Cluster, namespace: string | undefined): Promise<Finding> => {
  const [kept, present] = await Promise.all([
    listObjects(cluster, records, namespace),
    listObjects(cluster, hooks, namespace),
  ])
  const alive = new Set(present.map(({ metadata }) => metadata.uid))
  const stale = kept.filter(({ metadata }) => metadata.ownerReferences?.every(({ uid }) => !alive.has(uid)) === true)
  const held = stale.filter(({ metadata }) => metadata.finalizers?.includes(leasesFinalizer))
  if (held.length > 0) {
    return warning(
      'records',
      `${held.length} wait until what their deleted hooks have leased has ended: ${namesOf(held)}`,
      'A trigger ends it within seconds. If they stay, look at its log, or remove the finalizer: docs/how-to/scale-for-a-while.md.',
    )
  }
  return stale.length === 0
    ? ok('records', `${kept.length} belong to hooks that are there`)
    : warning(
        'records',
        `${stale.length} belong to hooks that are gone: ${namesOf(stale)}`,
        'The garbage collector removes them within minutes; if they stay, delete them.',
      )
}

/** Returns the names of the first three objects. */
const namesOf = (objects: readonly StoredObject[]): string =>
  objects
    .slice(0, 3)
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    .join(', ')

import type { ReceiverHook } from '../../src/api/hook.ts'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { drivers } from '../../src/drivers/registry.ts'
import { groupedBy } from '../../src/environment/grouped.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { forEachOf } from '../at-once.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { warning, type Finding } from './finding.ts'
import { pageURL } from '../../src/api/site.ts'

/** How many targets are read at most. */
const maxTargets = 500

/** Returns a warning for each hook if something else sets the count of its target back. */
export const checkOwners = async (
  { api }: Pick<Cluster, 'api'>,
  found: readonly ReceiverHook[],
): Promise<readonly Finding[]> => {
  const byPath = [...groupedBy(found, targetPath)].flatMap(([path, its]) => (path === undefined ? [] : [{ path, its }]))
  const findings: Finding[] = []
  const failures = new Map<string, string>()
  await forEachOf(byPath.slice(0, maxTargets), async ({ its, path }) => {
    try {
      const target = await send(api, { method: 'GET', path, as: 'metadata', timeoutMs: interactiveTimeoutMs })
      const owner = ownerOfReplicas(target)
      if (owner !== undefined) findings.push(...its.map(hook => setBack(hook, owner)))
    } catch (error) {
      // The hook's own condition says that its target is not there.
      if (!(error instanceof ApiError && error.status === 404))
        failures.set(path, error instanceof Error ? error.message : String(error))
    }
  })
  const [[first, why] = []] = failures
  const unread = failures.size + Math.max(0, byPath.length - maxTargets)
  if (unread === 0) return findings
  const reason = first === undefined ? `only ${maxTargets} are read` : `${first}: ${why}`
  return [
    ...findings,
    warning(
      'targets',
      `for ${unread} of ${byPath.length} targets it is not known whether something else sets their counts back (${reason})`,
      'Check one namespace at a time with -n, as a user who may get them.',
    ),
  ]
}

/** Returns the path of a hook's target if it has replicas that others could set. */
const targetPath = ({ metadata, spec, status }: ReceiverHook): string | undefined => {
  const [kindName, name = ''] = (status?.target ?? '').split('/', 2)
  const kind = drivers.find(driver => driver.name === spec.driver)?.targets.find(({ type }) => type.kind === kindName)
  return kind?.replicas && objectPath(kind.type, metadata.namespace, name)
}

/**
 * Matches the field managers of Helm and of GitOps controllers. If their manifest has `replicas`,
 * they reset the count with each upgrade or sync.
 */
const gitOps = /^(helm|argocd|kustomize-controller|helm-controller|flux|fluxcd)/

const ownerOfReplicas = ({ metadata }: StoredObject): string | undefined =>
  (metadata.managedFields ?? [])
    .filter(entry => isObject(at(entry, 'fieldsV1', 'f:spec', 'f:replicas')))
    .map(entry => stringAt(entry, 'manager') ?? '')
    .find(manager => gitOps.test(manager))

const setBack = ({ metadata, status }: ReceiverHook, owner: string): Finding =>
  warning(
    `${metadata.namespace}/${metadata.name}`,
    `${owner} sets the replicas of ${status?.target}, and will set them back`,
    `Leave replicas out of the manifest or out of the comparison: ${pageURL('docs/how-to/gitops.md')}`,
  )

import { at, stringAt } from '../../src/api/json.ts'
import { policyNames } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { send } from '../../src/kube/requests.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { ok, warning, type Finding } from './finding.ts'

const about = 'admission policies'
const group = '/apis/admissionregistration.k8s.io/v1'

/** What can happen without each admission policy. */
const without: Readonly<Record<keyof typeof policyNames, string>> = {
  authors: 'a hook can do what its author may not do',
  trigger: "an attacker with the trigger's account may use all of its rights, even in kube-system",
  records: 'not only the trigger may write what hooks remember',
  controller: "an attacker with the controller's account may change all Secrets where it may write those of hooks",
  sizes: 'hooks may have large metadata, and every replica reads that at its start',
  keys: 'anyone who may stop all hooks may also write the public keys, and so run every hook',
}

/** What each admission policy guarantees while it is in force. */
const holds: Readonly<Record<keyof typeof policyNames, string>> = {
  authors: 'no hook can do more than its author may do',
  trigger: "the trigger's account changes only what hooks act on",
  records: 'only the trigger writes what hooks remember',
  controller: "the controller's account changes only the Secrets of hooks",
  sizes: 'hooks have no large metadata',
  keys: 'only those who may read the signing keys can change the public ones',
}

const apply = 'Apply deploy/kustomize/cluster, or install the chart with admissionPolicy.enabled=true.'

/** Checks that each policy exists, denies, and compiles in the API server. */
export const checkPolicies = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
): Promise<Finding | readonly Finding[]> => {
  const { status } = await cluster.api.request({
    method: 'GET',
    path: group,
    lane: 'bulk',
    timeoutMs: interactiveTimeoutMs,
  })
  if (status === 404) return ok(about, 'this API server does not support admission policies')
  return await Promise.all(
    (['authors', 'trigger', 'records', 'controller', 'sizes', 'keys'] as const).map(async kind => {
      const name = policyNames[kind]
      const policy = await readIfThere(cluster, `${group}/validatingadmissionpolicies/${name}`)
      const binding = await readIfThere(cluster, `${group}/validatingadmissionpolicybindings/${name}`)
      const problem = problemOf(policy, binding)
      return problem === undefined
        ? ok(about, `${name} is in force: ${holds[kind]}`)
        : warning(about, `${name} ${problem}: ${without[kind]}`, apply)
    }),
  )
}

/** Returns why a policy does not deny all that it should, or undefined if it does. */
const problemOf = (policy: StoredObject | undefined, binding: StoredObject | undefined): string | undefined => {
  if (policy === undefined) return 'is not there'
  if (binding === undefined) return 'has no binding'
  const actions: unknown = at(binding, 'spec', 'validationActions')
  if (!Array.isArray(actions) || !actions.includes('Deny')) return 'has a binding that does not deny'
  const warnings: unknown = at(policy, 'status', 'typeChecking', 'expressionWarnings')
  const first: unknown = Array.isArray(warnings) ? warnings[0] : undefined
  return first === undefined
    ? undefined
    : `has an expression that fails (${stringAt(first, 'fieldRef') ?? 'somewhere'})`
}

const readIfThere = async ({ api }: Pick<Cluster, 'api'>, path: string): Promise<StoredObject | undefined> => {
  try {
    return await send(api, { method: 'GET', path, timeoutMs: interactiveTimeoutMs })
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

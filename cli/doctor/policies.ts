import { apiVersion, policyNames, requestPlural } from '../../src/api/names.ts'
import { policyGroup, policyProblem } from '../../src/kube/policies.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { ok, warning, type Finding } from './finding.ts'

const about = 'admission policies'

/** What can happen without each admission policy. */
const without: Readonly<Record<keyof typeof policyNames, string>> = {
  authors: 'a hook can do what its author may not do',
  trigger: "an attacker with the trigger's account may use all of its rights, even in kube-system",
  records: "accounts other than the trigger's may write the records of hooks",
  controller:
    "an attacker with the controller's account may change any Secret in a namespace where it may write hooks' Secrets",
  sizes: 'hooks may have large metadata, which every replica reads when it starts',
  keys: 'anyone who may stop all hooks may also write the public keys, and so run every hook',
  requests: "anyone who may create requests may run every hook in anyone's name, if triggers run requests",
  approval: 'anyone who may write a hook may remove its approval',
}

/** What each admission policy guarantees while it is in force. */
const holds: Readonly<Record<keyof typeof policyNames, string>> = {
  authors: 'no hook can do more than its author may do',
  trigger: "the trigger's account changes only what hooks act on",
  records: 'only the trigger writes the records of hooks',
  controller: "the controller's account changes only the Secrets of hooks",
  sizes: 'hooks have no large metadata',
  keys: 'only those who may read the signing keys can change the public ones',
  requests: "a request runs in its author's name, and only others can approve it",
  approval: 'only those who may approve can change a hook with approval',
}

const apply = 'Apply deploy/kustomize/cluster, or install the chart with admissionPolicy.enabled=true.'
const applyRequests = 'Apply deploy/kustomize/components/requests, or install the chart with requests.enabled=true.'

/** Checks that each policy exists, denies, and compiles in the API server. */
export const checkPolicies = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
): Promise<Finding | readonly Finding[]> => {
  const get = (path: string) =>
    cluster.api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: interactiveTimeoutMs })
  const { status } = await get(policyGroup)
  if (status === 404) return ok(about, 'this API server does not support admission policies')
  const served = await get(`/apis/${apiVersion}`)
  const always = ['authors', 'trigger', 'records', 'controller', 'sizes', 'keys'] as const
  const ofRequests = served.body.includes(`"${requestPlural}"`) ? (['requests', 'approval'] as const) : []
  return await Promise.all(
    [...always, ...ofRequests].map(async kind => {
      const name = policyNames[kind]
      const problem = await policyProblem(cluster.api, name, interactiveTimeoutMs)
      if (problem === undefined) return ok(about, `${name} is in force: ${holds[kind]}`)
      return warning(
        about,
        `${name} ${problem}: ${without[kind]}`,
        always.some(other => other === kind) ? apply : applyRequests,
      )
    }),
  )
}

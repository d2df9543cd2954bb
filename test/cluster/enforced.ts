import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { requestRoles } from '../../scripts/deploy/requests.ts'
import { objectsOf } from '../../scripts/deploy/policies.ts'
import type { Policy } from '../../scripts/deploy/policy.ts'
import { kubectl } from '../support/kubectl.ts'
import type { Cluster } from '../support/product.ts'
import type { Right } from './installation.ts'

/** The rights that the trigger and the controller need besides for requests. Those to policies are to all, as a test has names of its own. */
export const requestRights: readonly Right[] = (['trigger', 'controller'] as const).flatMap((account, index) =>
  (requestRoles[index]?.grants ?? []).flatMap(({ group, resource, verbs }) =>
    verbs.map((verb): Right => ({ account, kind: 'ClusterRole', verb, group, resource, name: undefined })),
  ),
)

/** Runs kubectl. Resolves with what it said. */
export const said = async ({ kubeconfig }: Cluster, args: readonly string[], object?: object): Promise<string> => {
  const { code, stderr, stdout } = await kubectl(kubeconfig, args, object && JSON.stringify(object))
  return code === 0 ? stdout : stderr
}

/** Puts a policy in force for the namespace of a test. Resolves with its name. */
export const enforce = async (here: Cluster, policy: Policy): Promise<string> => {
  const name = `${policy.name}.${randomBytes(4).toString('hex')}`
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': here.namespace } } }
  for (const { kind, spec } of objectsOf({ ...policy, name })) {
    const isBinding = kind.endsWith('Binding')
    const object = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name },
      spec: { ...spec, ...(isBinding && { matchResources }) },
    }
    await said(here, ['create', '-f', '-'], object)
    onTestFinished(async () => void (await kubectl(here.kubeconfig, ['delete', kind, name])))
  }
  return name
}

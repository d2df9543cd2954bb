import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { requestRoles } from '../../scripts/deploy/requests.ts'
import { objectsOf } from '../../scripts/deploy/policies.ts'
import type { Policy } from '../../scripts/deploy/policy.ts'
import { kubectl } from '../support/kubectl.ts'
import type { Cluster } from '../support/product.ts'
import type { Right } from './installation.ts'

/** The rights that the trigger needs besides for requests. */
export const requestRights: readonly Right[] = (requestRoles[0]?.grants ?? []).flatMap(({ group, resource, verbs }) =>
  verbs.map((verb): Right => ({ account: 'trigger', kind: 'ClusterRole', verb, group, resource, name: undefined })),
)

/** Runs kubectl. Resolves with what it said. */
export const said = async ({ kubeconfig }: Cluster, args: readonly string[], object?: object): Promise<string> => {
  const { code, stderr, stdout } = await kubectl(kubeconfig, args, object && JSON.stringify(object))
  return code === 0 ? stdout : stderr
}

/** Puts a policy in force for the namespace of a test. */
export const enforce = async (here: Cluster, policy: Policy): Promise<void> => {
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
}

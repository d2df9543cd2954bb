import { apiVersionOf, type ResourceType } from './paths.ts'

/** The product that installs the CRDs of an API group, by the group. */
const bringers: Readonly<Record<string, string>> = {
  // This is the first version that serves `v1beta2`, which the product uses.
  'cluster.x-k8s.io': 'Cluster API 1.11 or later',
  'keda.sh': 'KEDA',
  'provisioning.cattle.io': 'Rancher',
}

/** The API server does not serve this kind. The message says what to check and to install. */
export class UnknownKind extends Error {
  override readonly name = 'UnknownKind'

  constructor(type: ResourceType) {
    const kind = `${type.kind} (${type.resource}.${apiVersionOf(type)})`
    const bringer = bringers[type.group] ?? 'what brings this kind'
    super(
      `this cluster does not know the kind ${kind}: check how apiVersion and kind are spelled, and that ${bringer} is installed`,
    )
  }
}

import { customDefinitions } from '../../src/kube/definitions.ts'
import { apiVersionOf, type ResourceType } from '../../src/kube/paths.ts'

/** Returns the definition of a custom kind of one version. `schema` is that of its objects; `more` is merged into the version. */
export const definitionOf = (
  { group, kind, resource, version }: ResourceType,
  schema: object,
  more: object = {},
  names: object = {},
) => ({
  apiVersion: apiVersionOf(customDefinitions),
  kind: customDefinitions.kind,
  metadata: { name: `${resource}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural: resource, singular: kind.toLowerCase(), listKind: `${kind}List`, ...names },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: schema },
        ...more,
      },
    ],
  },
})

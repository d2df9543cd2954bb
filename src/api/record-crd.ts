import type { JsonObject } from './json.ts'
import { group, apiVersionName } from './names.ts'
import { maxContent, recordKind, recordPlural } from './record.ts'

/**
 * The CustomResourceDefinition of ReceiverHookRecord. Its content is one JSON string, which the API
 * server handles 20 times as fast as a list of objects.
 */
export const recordCrd: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${recordPlural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind: recordKind, listKind: `${recordKind}List`, plural: recordPlural, singular: 'receiverhookrecord' },
    versions: [
      {
        name: apiVersionName,
        served: true,
        storage: true,
        additionalPrinterColumns: [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description:
              'What the triggers remember about deliveries to the ReceiverHook with the same name, or to the hook that owns it. Only triggers use it. If you delete it, they forget which deliveries have run.',
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              content: { type: 'string', maxLength: maxContent, description: 'JSON.' },
            },
          },
        },
      },
    ],
  },
}

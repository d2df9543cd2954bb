import { expect, it } from 'vitest'
import type { StoredObject } from '../../../src/api/object.ts'
import { autoscalers, scaledObjects } from '../../../src/kube/resources.ts'
import { countNamed } from '../../../src/steps/target/counts.ts'

const object = (spec: object): StoredObject => ({ spec, metadata: { name: 'web', uid: 'u1', resourceVersion: '7' } })
const minReplicas = countNamed(autoscalers, 'spec.minReplicas')
const minReplicaCount = countNamed(scaledObjects, 'spec.minReplicaCount')

it.each([
  ['an HPA', minReplicas, { maxReplicas: 5 }, { min: 1, max: 5 }],
  ['an HPA by processor time', minReplicas, { maxReplicas: 5, metrics: [{ type: 'Resource' }] }, { min: 1, max: 5 }],
  [
    'an HPA with a metric that needs no pods',
    minReplicas,
    { maxReplicas: 5, metrics: [{ type: 'Resource' }, { type: 'External' }] },
    { min: 0, max: 5 },
  ],
  ['a ScaledObject', minReplicaCount, {}, { min: 0, max: 100 }],
  ['a ScaledObject that idles at 0', minReplicaCount, { idleReplicaCount: 0, maxReplicaCount: 8 }, { min: 1, max: 8 }],
  ['a ScaledObject that idles at 2', minReplicaCount, { idleReplicaCount: 2, maxReplicaCount: 8 }, { min: 3, max: 8 }],
])('the minimum of %s has its own bounds', (_what, count, spec, bounds) => {
  expect(count?.limits(object(spec))).toEqual(bounds)
})

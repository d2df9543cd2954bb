import { describe, expect, it } from 'vitest'
import { recordFormat } from '../../../src/api/record.ts'
import { objectPath } from '../../../src/kube/paths.ts'
import { scalableKinds } from '../../../src/kube/resources.ts'
import { knownCounts } from '../../../src/steps/target/counts.ts'
import { poolKinds } from '../../../src/steps/target/pools.ts'
import { parseTarget, targetText } from '../../../src/steps/target/text.ts'
import { viaScale } from '../../../src/steps/target/via-scale.ts'

describe('the target that a claim names', () => {
  it.each(scalableKinds)('can be a $kind', type => {
    const target = { type, namespace: 'shop', name: 'web-1.example', at: viaScale }
    expect(parseTarget(targetText(target), 'shop')).toEqual(target)
  })

  it.each([
    'autoscaling/v2/horizontalpodautoscalers/HorizontalPodAutoscaler/web spec.minReplicas',
    'autoscaling/v2/horizontalpodautoscalers/HorizontalPodAutoscaler/web spec.maxReplicas',
    'keda.sh/v1alpha1/scaledobjects/ScaledObject/web spec.minReplicaCount',
    'keda.sh/v1alpha1/scaledobjects/ScaledObject/web spec.maxReplicaCount',
    'argoproj.io/v1alpha1/rollouts/Rollout/web spec.replicas',
    'acme.example/v1/fleets/Fleet/web spec.shipCount',
  ])('can be %s, with the way in which it is written', text => {
    const target = parseTarget(text, 'shop')
    expect(target).toMatchObject({ namespace: 'shop', name: 'web' })
    expect(target && targetText(target)).toBe(text)
  })

  // A version cannot check a claim of a kind that it does not know. So a new kind has to raise the
  // record's format. Then such a version leaves the record alone, and senders post again to a newer
  // one.
  it('is of a kind that every version knows which reads format 4 of a record, or a custom resource', () => {
    const kinds = [...knownCounts.map(({ type }) => type), ...poolKinds]
    expect([recordFormat, ...kinds.map(({ group, kind }) => `${kind}.${group}`)]).toEqual([
      4,
      'Deployment.apps',
      'StatefulSet.apps',
      'ReplicaSet.apps',
      'ReplicationController.',
      'HorizontalPodAutoscaler.autoscaling',
      'ScaledObject.keda.sh',
      'MachineDeployment.cluster.x-k8s.io',
      'MachineSet.cluster.x-k8s.io',
      'MachinePool.cluster.x-k8s.io',
      'Cluster.cluster.x-k8s.io',
      'Cluster.provisioning.cattle.io',
    ])
  })

  it('is what the first version stored, which knew one way', () => {
    expect(parseTarget('apps/v1/deployments/Deployment/web', 'shop')?.at).toBe(viaScale)
    expect(parseTarget('/v1/replicationcontrollers/ReplicationController/web', 'shop')?.at).toBe(viaScale)
  })

  it.each([
    ['an object of another kind', '/v1/secrets/Secret/web'],
    ['another resource of a scalable kind', 'apps/v1/secrets/Deployment/web'],
    ['another version', 'apps/v1beta1/deployments/Deployment/web'],
    ['the folder above', 'apps/v1/deployments/Deployment/..'],
    ['a path', 'apps/v1/deployments/Deployment/../../../../../api/v1/namespaces/shop/secrets/web'],
    ['a query', 'apps/v1/deployments/Deployment/web?dryRun=All'],
    ['an escape', 'apps/v1/deployments/Deployment/%2e%2e'],
    ['a group with a path in it', 'apps/../api/v1/deployments/Deployment/web'],
    ['no name', 'apps/v1/deployments/Deployment/'],
    ['a name that is too long', `apps/v1/deployments/Deployment/${'a'.repeat(254)}`],
    ['nothing', ''],
    ['a kind that is counted elsewhere', 'apps/v1/deployments/Deployment/web spec.paused'],
    [
      'an autoscaler by another of its fields',
      'autoscaling/v2/horizontalpodautoscalers/HorizontalPodAutoscaler/web spec.minReadySeconds',
    ],
    ['an autoscaler by no field', 'autoscaling/v2/horizontalpodautoscalers/HorizontalPodAutoscaler/web'],
    ['a built-in kind of a group with a dot', 'networking.k8s.io/v1/ingresses/Ingress/web spec.replicas'],
    ['a custom kind by another member than one of spec', 'acme.example/v1/fleets/Fleet/web metadata.generation'],
    ['a custom kind by a path that leads on', 'acme.example/v1/fleets/Fleet/web spec.a/b'],
    ['a custom kind whose resource leads elsewhere', 'acme.example/v1/fleets?dryRun=All/Fleet/web spec.replicas'],
  ])('cannot be %s', (_, text) => {
    expect(parseTarget(text, 'shop')).toBeUndefined()
  })
})

it('every part of a path is encoded', () => {
  const type = { group: '../a', version: 'v1?x', resource: 'pods/../secrets', kind: 'Pod' }
  expect(objectPath(type, 'a/b', 'c?d')).toBe('/apis/..%2Fa/v1%3Fx/namespaces/a%2Fb/pods%2F..%2Fsecrets/c%3Fd')
})

import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../src/api/object.ts'
import { countNow, countSettlement } from '../../src/drivers/counted/look.ts'
import { inSpec, knownCounts } from '../../src/steps/target/counts.ts'
import { clusters, machineDeployments, poolCount } from '../../src/steps/target/pools.ts'
import type { Target } from '../../src/steps/target/target.ts'
import { countId } from '../../src/steps/target/text.ts'

const named = { namespace: 'shop', name: 'web' }
const targetOf = (kind: string): Target => {
  const known = knownCounts.find(({ type }) => type.kind === kind)
  if (!known) throw new Error(kind)
  return { ...known, ...named }
}
const deployment = targetOf('Deployment')

const settle = (to: number, replicas: number, status: object, target = deployment, more: object = {}): string => {
  const object: StoredObject = {
    metadata: { name: 'web', uid: 'uid', resourceVersion: '7', generation: 4 },
    spec: { replicas, minReplicas: replicas, ...more },
    status,
  }
  const now = countNow(target, object)
  if (!now) throw new Error('there is no count')
  const { of, ready, state } = countSettlement({ at: 0, on: countId(target, 'uid'), to }, now)
  return `${state} ${ready ?? '-'}/${of ?? '-'}`
}

describe('the outcome of a count', () => {
  const observed = { observedGeneration: 4 }

  it.each([
    ['all are available', 3, 3, { ...observed, replicas: 3, availableReplicas: 3 }, 'complete 3/3'],
    ['one is missing', 3, 3, { ...observed, replicas: 3, availableReplicas: 2 }, 'progressing 2/3'],
    ['none is there, and the status leaves a 0 out', 3, 3, observed, 'progressing 0/3'],
    ['the status is older', 3, 3, { observedGeneration: 3, replicas: 3, availableReplicas: 3 }, 'progressing 0/3'],
    ['what was to go is there still', 1, 1, { ...observed, replicas: 2, availableReplicas: 2 }, 'progressing 1/1'],
    ['nothing is wanted, and nothing is there', 0, 0, observed, 'complete 0/0'],
    ['more are wanted by now', 3, 9, { ...observed, replicas: 9, availableReplicas: 3 }, 'complete 3/3'],
    ['fewer are wanted by now', 9, 3, { ...observed, replicas: 3, availableReplicas: 3 }, 'complete 3/3'],
    ['fewer are wanted by now, and go', 9, 3, { ...observed, replicas: 8, availableReplicas: 8 }, 'complete 3/3'],
  ] as const)('where %s', (_, to, replicas, status, expected) => {
    expect(settle(to, replicas, status)).toBe(expected)
  })

  it('is that of the object whose count was changed, and of no other', () => {
    const now = { name: 'Deployment/web', on: countId(deployment, 'other'), wanted: 3 }
    const counts = { isObserved: true, present: 3, available: 3 }
    const on = countId(deployment, 'uid')
    expect(countSettlement({ at: 0, on, to: 3 }, { ...now, ...counts }).state).toBe('replaced')
  })

  it('is stored where nothing counts what is available', () => {
    expect(settle(3, 3, { currentReplicas: 3 }, targetOf('HorizontalPodAutoscaler'))).toBe('stored -/-')
    const custom = { type: { group: 'acme.example', version: 'v1', resource: 'caches', kind: 'Cache' }, ...named }
    expect(settle(3, 3, { phase: 'Ready' }, { ...custom, at: inSpec('replicas') })).toBe('stored -/-')
    expect(settle(3, 3, { replicas: 3, readyReplicas: 2 }, { ...custom, at: inSpec('replicas') })).toBe(
      'progressing 2/3',
    )
    const workers = { topology: { workers: { machineDeployments: [{ name: 'a', replicas: 3 }] } } }
    expect(settle(3, 3, {}, { type: clusters, ...named, at: poolCount(clusters, 'a') }, workers)).toBe('stored -/-')
  })

  it('is seen of a pool, in whichever order its machines go, and of a Rollout that writes its generation as text', () => {
    const [plain, ordered] = [undefined, 'Oldest' as const].map(order =>
      poolCount(machineDeployments, undefined, order),
    )
    if (!plain || !ordered) throw new Error('there are two')
    expect(countId({ at: plain }, 'uid')).toBe(countId({ at: ordered }, 'uid'))
    expect(settle(3, 3, observed, { type: machineDeployments, ...named, at: ordered })).toBe('progressing 0/3')
    const type = { group: 'argoproj.io', version: 'v1alpha1', resource: 'rollouts', kind: 'Rollout' }
    const status = { observedGeneration: '3', replicas: 3, availableReplicas: 3 }
    expect(settle(3, 3, status, { type, ...named, at: inSpec('replicas') })).toBe('progressing 0/3')
  })
})

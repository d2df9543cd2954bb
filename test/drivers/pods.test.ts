import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../src/api/object.ts'
import { workloadKind, type Workloads } from '../../src/drivers/rollouts/kinds.ts'
import { podsCollector, podSelector, type PodsNow } from '../../src/drivers/rollouts/pods.ts'
import type { WorkloadKind } from '../../src/drivers/rollouts/schema.ts'

const kind = (name: WorkloadKind): Workloads => {
  const found = workloadKind(name)
  if (!found) throw new Error(name)
  return found
}

const workload = (spec: object = {}): StoredObject => ({
  metadata: { name: 'web', uid: 'web', resourceVersion: '7' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { spec: { containers: [{ name: 'web', image: 'acme/web:2' }] } },
    ...spec,
  },
})

interface Is {
  readonly image?: string
  readonly ready?: boolean
  readonly created?: string
  readonly state?: object
  readonly lastState?: object
  readonly init?: object
  readonly conditions?: readonly object[]
  readonly note?: string
  readonly deleted?: boolean
}

const created = '2026-01-01T00:00:00Z'

const pod = ({ conditions = [], deleted, image = 'acme/web:2', init, note, ready = false, state, ...is }: Is) => ({
  metadata: {
    name: 'pod',
    uid: 'pod',
    resourceVersion: '1',
    creationTimestamp: is.created ?? created,
    ...(deleted && { deletionTimestamp: created }),
    ...(note !== undefined && { annotations: { 'pushed.receiverhooks.dev/web': note } }),
  },
  spec: {
    containers: [
      { name: 'web', image },
      { name: 'sidecar', image: 'mesh' },
    ],
    initContainers: [],
  },
  status: {
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', reason: 'ContainersNotReady' }, ...conditions],
    containerStatuses: state ? [{ name: 'web', ready, state, lastState: is.lastState ?? {} }] : [],
    initContainerStatuses: init ? [{ name: 'init', ready: false, state: init }] : [],
  },
})

const waiting = (reason: string): Is => ({ state: { waiting: { reason, message: 'secret registry-token not found' } } })

/** Returns what pods show of a rollout that wants four. */
const podsNow = (kindName: WorkloadKind, pods: readonly StoredObject[]): PodsNow => {
  const { result, take } = podsCollector(workload(), kind(kindName), 4)
  for (const each of pods) take(each)
  return result()
}

const causes = (...pods: readonly Is[]): readonly string[] => podsNow('Deployment', pods.map(pod)).causes

describe('why pods are not ready', () => {
  it.each<[string, Is]>([
    ['web: ImagePullBackOff (1 of 4)', waiting('ImagePullBackOff')],
    ['web: CrashLoopBackOff (1 of 4)', waiting('CrashLoopBackOff')],
    ['web: OOMKilled (1 of 4)', { state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }],
    ['web: ContainersNotReady (1 of 4)', { state: { running: { startedAt: created } } }],
    [
      'web: OOMKilled (1 of 4)',
      { state: { running: { startedAt: created } }, lastState: { terminated: { reason: 'OOMKilled' } } },
    ],
    ['init: Error (1 of 4)', { init: { terminated: { reason: 'Error' } }, ...waiting('PodInitializing') }],
    [
      'Unschedulable (1 of 4)',
      { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }] },
    ],
  ])('is %s', (cause, is) => {
    expect(causes(is)).toEqual([cause])
  })

  it('is the most frequent first, each pod once', () => {
    const [pull, crash] = [waiting('ImagePullBackOff'), waiting('CrashLoopBackOff')]
    expect(causes(crash, pull, pull, { ready: true })).toEqual([
      'web: ImagePullBackOff (2 of 4)',
      'web: CrashLoopBackOff (1 of 4)',
    ])
  })

  it('says nothing of pods that are ready, start, end, or run what was there before', () => {
    const old = { ...waiting('ImagePullBackOff'), image: 'acme/web:1' }
    const ends = { ...waiting('ImagePullBackOff'), deleted: true }
    const restartedLater = { ...waiting('ImagePullBackOff'), note: 'another' }
    expect(causes({ ready: true }, waiting('ContainerCreating'), old, ends, restartedLater)).toEqual([])
  })

  it('says of a StatefulSet what keeps an old pod, because its rollout waits for that', () => {
    const old = pod({ ...waiting('ImagePullBackOff'), image: 'acme/web:1' })
    expect(podsNow('StatefulSet', [old]).causes).toEqual(['web: ImagePullBackOff (1 of 4)'])
  })

  it('never has a message in it', () => {
    const all = ['registry.example/secret: unauthorized', 'a b', '', 'x'.repeat(65)].map(waiting)
    expect(causes(...all, waiting('ErrImagePull'))).toEqual(['web: ErrImagePull (1 of 4)'])
  })

  it('goes with how long the oldest has not been ready', () => {
    const ages = ['2026-01-01T00:10:00Z', '2026-01-01T00:05:00Z'].map(time => pod({ created: time }))
    const { unreadySince } = podsNow('DaemonSet', [...ages, pod({ ready: true })])
    expect(unreadySince).toBe(Date.UTC(2026, 0, 1, 0, 5))
    expect(podsNow('DaemonSet', [pod({ ready: true })]).unreadySince).toBeUndefined()
  })
})

it('the pods of a workload are found by its selector, and by no other', () => {
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'canary', operator: 'DoesNotExist' },
    { key: 'zone', operator: 'NotIn', values: ['c'] },
    { key: 'app', operator: 'Exists' },
  ]
  expect(podSelector(workload())).toBe('app=web')
  expect(podSelector(workload({ selector: { matchLabels: { app: 'web' }, matchExpressions } }))).toBe(
    'app=web,tier in (a,b),!canary,zone notin (c),app',
  )
  // Pods of others must never be taken for its own.
  expect(podSelector(workload({ selector: {} }))).toBeUndefined()
  expect(podSelector(workload({ selector: { matchExpressions: [{ key: 'a', operator: 'Gt' }] } }))).toBeUndefined()
})

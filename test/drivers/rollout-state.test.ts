import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../src/api/object.ts'
import { workloadKind } from '../../src/drivers/rollouts/kinds.ts'
import { neededOf } from '../../src/drivers/rollouts/plan.ts'
import { workloadKindNames, type WorkloadKind } from '../../src/drivers/rollouts/schema.ts'
import { rolloutState, type RolloutState } from '../../src/drivers/rollouts/state.ts'

const object = (spec: object, status: object, generation = 2): StoredObject => ({
  metadata: { name: 'web', uid: 'u', resourceVersion: '7', generation },
  spec,
  status: { observedGeneration: 2, ...status },
})

const progressing = (reason: string): object => ({
  conditions: [
    { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
    { type: 'Progressing', status: 'True', reason },
  ],
})
const through = progressing('NewReplicaSetAvailable')
const pods = (replicas: number, updated: number, available: number): object => ({
  replicas,
  updatedReplicas: updated,
  availableReplicas: available,
})
const nodes = (wanted: number, updated: number, available: number): object => ({
  desiredNumberScheduled: wanted,
  updatedNumberScheduled: updated,
  numberAvailable: available,
})
const onDelete = { updateStrategy: { type: 'OnDelete' } }
const partition = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }

type Row = readonly [what: string, spec: object, status: object, state: RolloutState]

const rows: Readonly<Record<WorkloadKind, readonly Row[]>> = {
  Deployment: [
    ['all pods are of the present template', { replicas: 3 }, { ...pods(3, 3, 3), ...through }, 'complete'],
    ['the count is the default', {}, { ...pods(1, 1, 1), ...through }, 'complete'],
    ['none is wanted', { replicas: 0 }, { ...pods(0, 0, 0), ...through }, 'complete'],
    [
      'it has only just been stored',
      { replicas: 3 },
      { ...pods(3, 3, 3), ...through, observedGeneration: 1 },
      'running',
    ],
    ['old pods are still there', { replicas: 3 }, { ...pods(4, 3, 3), ...through }, 'running'],
    // With Recreate the condition is of the rollout before: this was seen on a real control plane.
    ['it is recreated, and no pod is there yet', { replicas: 3 }, { ...pods(0, 0, 0), ...through }, 'running'],
    ['it progresses', { replicas: 3 }, { ...pods(3, 3, 1), ...progressing('ReplicaSetUpdated') }, 'running'],
    [
      'its deadline has passed',
      { replicas: 3 },
      { ...pods(3, 3, 0), ...progressing('ProgressDeadlineExceeded') },
      'running',
    ],
    ['a pod is lost after the rollout', { replicas: 3 }, { ...pods(3, 3, 2), ...through }, 'complete'],
    ['it has no deadline, and all are available', { replicas: 3 }, pods(3, 3, 3), 'complete'],
    ['it has no deadline, and one is missing', { replicas: 3 }, pods(3, 3, 2), 'running'],
    ['it is paused', { replicas: 3, paused: true }, { ...pods(3, 3, 3), ...through }, 'paused'],
    ['it says nothing', { replicas: 3 }, { observedGeneration: undefined }, 'running'],
  ],
  StatefulSet: [
    ['all pods are of the present template', { replicas: 3 }, pods(3, 3, 3), 'complete'],
    ['one is of the former', { replicas: 3 }, pods(3, 2, 3), 'running'],
    ['one is not available', { replicas: 3 }, pods(3, 3, 2), 'running'],
    ['one too many is there', { replicas: 2 }, pods(3, 3, 3), 'running'],
    ['all above the partition are', { replicas: 3, ...partition }, pods(3, 1, 3), 'complete'],
    ['none above the partition is', { replicas: 3, ...partition }, pods(3, 0, 3), 'running'],
    ['its partition keeps every pod', { replicas: 2, ...partition }, pods(2, 0, 2), 'manual'],
    ['its partition keeps every pod of the default', partition, pods(1, 0, 1), 'manual'],
    ['none is wanted, and it has a partition', { replicas: 0, ...partition }, pods(0, 0, 0), 'complete'],
    ['a person has to delete its pods', { replicas: 3, ...onDelete }, pods(3, 3, 3), 'manual'],
  ],
  DaemonSet: [
    ['all nodes have it', {}, nodes(3, 3, 3), 'complete'],
    ['no node wants it', {}, nodes(0, 0, 0), 'complete'],
    ['a node has the former', {}, nodes(3, 2, 3), 'running'],
    ['a node has none available', {}, nodes(3, 3, 2), 'running'],
    ['a person has to delete its pods', onDelete, nodes(3, 3, 3), 'manual'],
  ],
  CronJob: [['it starts no pods', {}, {}, 'manual']],
}

describe.each(workloadKindNames)('the rollout of a %s', kind => {
  it.each(rows[kind])('where %s', (_what, spec, status, state) => {
    const workloads = workloadKind(kind)
    if (!workloads) throw new Error(`${kind} is no workload`)
    const found = object(spec, status)
    expect(rolloutState(found, workloads)).toBe(state)
    // What is held of it while many are planned says the same.
    expect(rolloutState(neededOf(found, workloads), workloads)).toBe(state)
  })
})

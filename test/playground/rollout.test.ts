import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { deploymentStatus, podChanges, type WorkloadPod } from '../../apiserver/playground/rollout.ts'

const pod = (hash: string, isReady: boolean, name = `${hash}-${isReady}`): WorkloadPod => ({
  namespace: 'shop',
  name,
  owner: 'u1',
  hash,
  isReady,
})
const [oldPod, newPod, starting] = [pod('old', true), pod('new', true), pod('new', false)]
const wanted = (count: number, isPaused = false) => ({ count, hash: 'new', isPaused })

describe('the pods of a simulated Deployment', () => {
  it.each([
    ['of none, all are created at once', 3, [], 3, []],
    ['a count that falls deletes those first that are not ready', 1, [newPod, starting], 0, [starting]],
    ['a rollout begins with one more', 2, [oldPod, oldPod], 1, []],
    ['a quarter more at a larger count', 8, Array.from({ length: 8 }, () => oldPod), 2, []],
    ['an old pod goes when a new one is ready', 2, [oldPod, oldPod, newPod], 1, [oldPod]],
    ['none goes for one that does not start', 2, [oldPod, oldPod, starting], 0, []],
    ['one that never started goes at once', 1, [oldPod, pod('bad', false)], 1, [pod('bad', false)]],
    ['of a Deployment that wants none all go', 0, [oldPod, newPod], 0, [newPod, oldPod]],
  ])('%s', (_, count, pods, create, remove) => {
    const changes = podChanges(wanted(count), pods)
    expect({ create: changes.create, remove: changes.remove }).toEqual({ create, remove })
  })

  it('stay while the rollout is paused', () => {
    expect(podChanges(wanted(2, true), [oldPod, oldPod])).toMatchObject({ create: 0, remove: [] })
  })
})

describe('its status', () => {
  const workload = { ...wanted(2), generation: 7, deadlineMs: 20_000, status: {} }
  const reasonOf = (status: unknown, type: string): unknown => {
    const conditions = at(status, 'conditions')
    return Array.isArray(conditions)
      ? conditions.map(each => at(each, 'type') === type && at(each, 'reason')).find(Boolean)
      : ''
  }

  it('counts pods, and is complete when all are new and ready', () => {
    const status = deploymentStatus(workload, [newPod, newPod], true, 0)
    expect(status).toMatchObject({ observedGeneration: 7, replicas: 2, updatedReplicas: 2, availableReplicas: 2 })
    expect(reasonOf(status, 'Progressing')).toBe('NewReplicaSetAvailable')
    // A changed count is no rollout.
    const scaled = deploymentStatus({ ...workload, count: 3, status }, [newPod, newPod, starting], true, 0)
    expect(reasonOf(scaled, 'Progressing')).toBe('NewReplicaSetAvailable')
    expect(reasonOf(scaled, 'Available')).toBe('MinimumReplicasUnavailable')
  })

  it('exceeds its deadline when nothing has moved for that long, and moves on from there', () => {
    const pods = [oldPod, oldPod, starting]
    const begun = deploymentStatus(workload, pods, true, 0)
    const seen = (status: object, now: number, hasMoved = false) =>
      deploymentStatus({ ...workload, status }, pods, hasMoved, now)
    expect(reasonOf(begun, 'Progressing')).toBe('ReplicaSetUpdated')
    expect(seen(begun, 19_000)).toEqual(begun)
    const late = seen(begun, 20_000)
    expect(reasonOf(late, 'Progressing')).toBe('ProgressDeadlineExceeded')
    expect(reasonOf(seen(late, 90_000), 'Progressing')).toBe('ProgressDeadlineExceeded')
    expect(reasonOf(seen(late, 90_000, true), 'Progressing')).toBe('ReplicaSetUpdated')
  })

  it('of a paused Deployment says so', () => {
    const status = deploymentStatus({ ...workload, isPaused: true }, [oldPod, oldPod], false, 0)
    expect(reasonOf(status, 'Progressing')).toBe('DeploymentPaused')
  })
})

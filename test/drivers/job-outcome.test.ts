import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../src/api/object.ts'
import { jobNameOf } from '../../src/drivers/run-job/jobs.ts'
import { lookAtJobs } from '../../src/drivers/run-job/look.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { noApi, noDefinitions } from '../support/environment.ts'
import { answer } from '../support/scripted-connection.ts'

const began = Date.UTC(2026, 0, 1)
const minute = 60_000
const name = jobNameOf('run-report', 'act-1')
const change = { at: began, did: ['act-1'], n: 1 }

const pod = (phase: string, more: object = {}, created = began): StoredObject => ({
  metadata: { name: 'pod', uid: 'pod', resourceVersion: '1', creationTimestamp: rfc3339(created) },
  status: { phase, conditions: [{ type: 'Ready', status: 'False' }], ...more },
})
const pulling = pod('Pending', {
  containerStatuses: [{ name: 'main', ready: false, state: { waiting: { reason: 'ImagePullBackOff' } } }],
})
const unschedulable = pod('Pending', {
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
})

/** Returns what is seen of a Job that began at `began`. Without pods, they cannot be read. */
const seen = async (status: object, pods: readonly StoredObject[] | undefined, now: number, spec: object = {}) => {
  const job = {
    metadata: { name, uid: 'job', resourceVersion: '1', annotations: { 'receiverhooks.dev/delivery': 'act-1' } },
    spec: { selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'job' } }, ...spec },
    status: { startTime: rfc3339(began), ...status },
  }
  const asked: string[] = []
  const api: ApiConnection = {
    ...noApi,
    request: () =>
      Promise.resolve(
        answer(200, { apiVersion: 'batch/v1', kind: 'JobList', metadata: { resourceVersion: '1' }, items: [job] }),
      ),
  }
  const look = await lookAtJobs({
    api,
    namespace: 'shop',
    hookName: 'run-report',
    changes: [change],
    definitions: noDefinitions,
    pods: (selector, take) => {
      asked.push(selector)
      pods?.forEach(take)
      return Promise.resolve(pods?.length)
    },
  })
  return { ...look.settlementOf(change, now), asked, objects: look.objects }
}

describe('a Job of which no pod has started', () => {
  it('is stalled after ten minutes, and its pods say why', async () => {
    const early = await seen({ active: 1, ready: 0 }, [pulling], began + 9 * minute)
    expect(early).toMatchObject({ state: 'progressing', reason: 'JobRunning' })
    expect(early.message).toContain('main: ImagePullBackOff (1 of 1)')
    const late = await seen({ active: 1, ready: 0 }, [pulling], began + 10 * minute)
    expect(late).toMatchObject({ state: 'stalled', causes: ['main: ImagePullBackOff (1 of 1)'], objects: 2 })
    expect(late.asked).toEqual(['batch.kubernetes.io/controller-uid=job'])
    expect(await seen({ active: 1, ready: 0 }, [unschedulable], began + 10 * minute)).toMatchObject({
      state: 'stalled',
      causes: ['Unschedulable (1 of 1)'],
    })
  })

  it('is stalled also if nobody may read its pods', async () => {
    const late = await seen({ active: 1, ready: 0 }, undefined, began + 10 * minute)
    expect(late).toMatchObject({ state: 'stalled' })
    expect(late.causes ?? []).toEqual([])
  })

  it('is stalled after a pod that has failed, by the time of the next one', async () => {
    const ended = pod('Failed')
    const next = pod('Pending', {}, began + 5 * minute)
    const at = (ms: number) => seen({ active: 1, ready: 0, failed: 1 }, [ended, next], began + ms)
    expect(await at(14 * minute)).toMatchObject({ state: 'progressing' })
    expect(await at(15 * minute)).toMatchObject({ state: 'stalled' })
    const unread = await seen({ active: 1, ready: 0, failed: 1 }, undefined, began + 60 * minute)
    expect(unread).toMatchObject({ state: 'progressing' })
  })
})

it.each([
  ['has a pod that runs', { active: 2, ready: 1 }, {}],
  ['waits to try again', { active: 0, ready: 0, failed: 1 }, {}],
  ['is suspended', { active: 0, ready: 0 }, { suspend: true }],
])('a Job is not stalled that %s, and its pods are not read', async (_what, status, spec) => {
  const job = await seen(status, [pulling], began + 60 * minute, spec)
  expect(job).toMatchObject({ state: 'progressing', asked: [], objects: 1 })
})

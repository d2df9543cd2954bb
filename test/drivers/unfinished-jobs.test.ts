import { expect, it } from 'vitest'
import { createApiServer } from '../../apiserver/server.ts'
import { parseJson, type JsonObject } from '../../src/api/json.ts'
import { jobOf } from '../../src/drivers/run-job/manifest.ts'
import { unfinishedJobs, unfinishedQueries } from '../../src/drivers/run-job/jobs.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { listAt } from '../deploy/manifests.ts'
import { noApi } from '../support/environment.ts'
import { fakeClock } from '../support/clock.ts'
import { seededRandom } from '../support/random.ts'

const jobsPath = '/apis/batch/v1/namespaces/shop/jobs'

/** Makes the Job of a hook on a new API server, with this status. Returns which Jobs are unfinished, and how many were read. */
const read = async (spec: JsonObject, status: JsonObject): Promise<readonly [unfinished: number, read: number]> => {
  const server = createApiServer({ clock: fakeClock(), random: seededRandom(1) })
  const contentType = 'application/merge-patch+json'
  const metadata = { name: 'report', namespace: 'shop', uid: 'c', resourceVersion: '1' }
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] } }
  const cronJob = { metadata, spec: { jobTemplate: { spec: { ...spec, template } } } }
  const hook = { name: 'run-report', uid: 'hook-uid' }
  const job = jobOf({ actId: 'act', cronJob, hook, inputs: [], member: { ttl: '24h' } })
  server.handle({ method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name: 'shop' } }) })
  server.handle({ method: 'POST', path: jobsPath, body: JSON.stringify(job) })
  const path = `${jobsPath}/${job.metadata.name}/status`
  server.handle({ method: 'PATCH', path, contentType, body: JSON.stringify({ status }) })
  let all = 0
  const api: ApiConnection = {
    ...noApi,
    request: request => {
      const answer = server.handle(request)
      all += listAt(parseJson(answer.body), 'items').length
      return Promise.resolve(answer)
    },
  }
  let unfinished = 0
  for (const query of unfinishedQueries(hook.uid)) {
    for await (const _ of unfinishedJobs({ api, namespace: 'shop', lane: 'act' }, query)) unfinished += 1
  }
  return [unfinished, all]
}

const complete = { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] }

it.each<[string, JsonObject, JsonObject, readonly [number, number]]>([
  ['that runs is unfinished', {}, { active: 1 }, [1, 1]],
  ['that is complete is not even read', {}, complete, [0, 0]],
  ['that has failed is read, and finished', {}, { conditions: [{ type: 'Failed', status: 'True' }] }, [0, 1]],
  ['of three pods is unfinished after the first', { completions: 3 }, { succeeded: 1 }, [1, 1]],
  ['of two pods at once is unfinished after the first', { parallelism: 2 }, { succeeded: 1 }, [1, 1]],
  ['of three pods is finished when it is complete', { completions: 3 }, complete, [0, 1]],
])('a Job %s', async (_, spec, status, expected) => {
  expect(await read(spec, status)).toEqual(expected)
})

import type { Act, Acts, ActOptions, Worked } from '../../src/acts/acts.ts'
import type { Delivery } from '../../src/api/delivery.ts'
import { listAt, parseJson } from '../../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../../src/api/object.ts'
import { createApiServer } from '../../apiserver/server.ts'
import type { Execution } from '../../src/drivers/driver.ts'
import { runJob } from '../../src/drivers/run-job/run-job.ts'
import type { RunJob } from '../../src/drivers/run-job/schema.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { StepService } from '../../src/steps/service.ts'
import { fakeClock } from '../support/clock.ts'
import { contextOf } from '../support/deliveries.ts'
import { noApi, noDefinitions, noOutbound, testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'
import { answer } from '../support/scripted-connection.ts'

export const member: RunJob = { cronJob: 'report', concurrency: 'allow', body: 'none', ttl: '24h' }

const container = {
  name: 'main',
  image: 'busybox',
  env: [
    { name: 'MODE', value: 'own' },
    { name: 'RECEIVER_HOOK_LABEL_SEVERITY', value: 'own' },
    { name: 'REF', value: '$(MODE)' },
  ],
}

export const cronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'report', namespace: 'shop', uid: 'c', resourceVersion: '1' },
  spec: {
    schedule: '@yearly',
    suspend: true,
    jobTemplate: {
      metadata: { labels: { app: 'report' }, annotations: { note: 'yes' } },
      spec: {
        backoffLimit: 2,
        ttlSecondsAfterFinished: 1,
        template: {
          metadata: { labels: { app: 'report' }, annotations: { 'own/note': 'kept' } },
          spec: {
            serviceAccountName: 'reporter',
            restartPolicy: 'Never',
            initContainers: [{ name: 'first', image: 'busybox' }],
            containers: [container],
          },
        },
      },
    },
  },
}

export const jobsPath = '/apis/batch/v1/namespaces/shop/jobs'

/** What happens to a request before the server has it; undefined lets it pass. */
type Fault = (request: ApiRequest, pass: () => ApiResponse) => ApiResponse | Error | undefined

export const setUp = (fault: Fault = () => undefined) => {
  const clock = fakeClock()
  const server = createApiServer({ clock, random: seededRandom(1) })
  const handle = ({ body, method, path, query = {} }: Pick<ApiRequest, 'body' | 'method' | 'path' | 'query'>) =>
    server.handle({ method, path, query, contentType: 'application/json', ...(body !== undefined && { body }) })
  const make = (method: ApiRequest['method'], path: string, object: object): StoredObject => {
    const made: unknown = parseJson(handle({ method, path, body: JSON.stringify(object) }).body)
    if (!isStoredObject(made)) throw new Error(JSON.stringify(made))
    return made
  }
  make('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
  make('POST', '/apis/batch/v1/namespaces/shop/cronjobs', { ...cronJob, metadata: { name: 'report' } })
  const api: ApiConnection = {
    ...noApi,
    request: request => {
      const became = fault(request, () => handle(request)) ?? handle(request)
      return became instanceof Error ? Promise.reject(became) : Promise.resolve(became)
    },
  }
  const jobs = (): readonly StoredObject[] =>
    listAt(parseJson(handle({ method: 'GET', path: jobsPath }).body), 'items').filter(isStoredObject)
  const settled: string[] = []
  const asked: (ActOptions | undefined)[] = []
  const run = async (
    id: string,
    more: Partial<RunJob> = {},
    { act, charge = () => {}, delivery, countKept = () => true, post }: Partial<Asked> = {},
  ): Promise<Worked> => {
    let worked: Worked | undefined
    const acts: Acts = {
      once: async (work, how) => {
        asked.push(how)
        const end = clock.monotonic() + 6000
        const done = work(
          { id, at: 0, ...act },
          () => Promise.resolve(clock.monotonic() < end),
          () => {},
        )
        // Time passes for what waits.
        for (let i = 0; i < 20; i += 1) await clock.advance(500)
        worked = await done
        return worked.outcome
      },
      settle: settledId => Promise.resolve(settled.push(settledId) > 0),
    }
    const execution: Execution = {
      hook: { namespace: 'shop', name: 'run-report', uid: 'hook-uid' },
      api,
      acts,
      clock,
      charge,
      countKept,
      outbound: noOutbound,
      definitions: noDefinitions,
      post: { body: new Uint8Array(), headers: {}, query: new URLSearchParams(), ...post },
      step: new StepService(testEnvironment()).of(contextOf({ deadline: 0 })),
      stepOfPart: () => new StepService(testEnvironment()).of(contextOf({ deadline: 0 })),
    }
    const outcome = await runJob.execute({ ...member, ...more })(
      { phase: 'none', sender: 'plain', ...delivery },
      execution,
    )
    return worked ?? { worked: 'failed', outcome }
  }
  const end = (name: string, type: 'Complete' | 'Failed'): void => {
    const conditions = [{ type, status: 'True', reason: 'BackoffLimitExceeded' }]
    const path = `${jobsPath}/${name}/status`
    const body = JSON.stringify({ status: { conditions } })
    server.handle({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
  }
  return { api, asked, end, jobs, run, settled, make }
}

interface Asked {
  readonly act: Partial<Act>
  readonly charge: (bytes: number) => void
  readonly countKept: (keptForMs: number) => boolean
  readonly delivery: Partial<Delivery>
  readonly post: Partial<Execution['post']>
}

export const brief = ({ outcome, worked }: Worked): string =>
  `${worked} ${outcome.outcome} ${'reason' in outcome ? outcome.reason : ''}`

export const messageOf = ({ outcome }: Worked): string => ('message' in outcome ? outcome.message : '')

export const isPost = ({ method, path }: ApiRequest): boolean => method === 'POST' && path === jobsPath
export const isList = ({ method, path }: ApiRequest): boolean => method === 'GET' && path === jobsPath

export const forbiddenBy = (message: string, name?: string): ApiResponse =>
  answer(403, {
    kind: 'Status',
    reason: 'Forbidden',
    code: 403,
    message,
    details: { ...(name !== undefined && { name }) },
  })

export const byRoles = forbiddenBy(
  'jobs.batch is forbidden: User "trigger" cannot create resource "jobs" in API group "batch"',
)

export const quota = forbiddenBy('jobs.batch "x" is forbidden: exceeded quota: one', 'x')

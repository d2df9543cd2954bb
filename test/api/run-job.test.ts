import { describe, expect, it } from 'vitest'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { isStoredObject, type StoredObject } from '../../src/api/object.ts'
import { cronJobType, actIdOfJob, hookLabel, jobType } from '../../src/drivers/run-job/jobs.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { listAt } from '../deploy/manifests.ts'
import { cluster, post, postUntilDone, product, until, type Posted } from '../support/product.ts'
import { realServers } from '../support/real.ts'

const env = [
  { name: 'PASSWORD', value: 'secret' },
  { name: 'MODE', value: 'own' },
]

const cronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'report' },
  spec: {
    schedule: '@yearly',
    suspend: true,
    jobTemplate: {
      spec: {
        backoffLimit: 0,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox', env }] } },
      },
    },
  },
}

/** Starts a product, and a CronJob. */
const setUp = async () => {
  const here = await cluster()
  const { api, namespace } = here
  await product(here)
  await create(api, cronJobType, namespace, cronJob)
  const jobs = async (): Promise<readonly StoredObject[]> => {
    const path = collectionPath(jobType, namespace)
    const { body } = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
    return listAt(parseJson(body), 'items').filter(isStoredObject)
  }
  return {
    ...here,
    here,
    jobs,
    /** Starts another trigger, and returns where it takes posts to a hook. */
    another: async (through: ApiConnection = api): Promise<(url: string) => string> => {
      const { triggerPort } = await product({ ...here, api: through }, { controller: false })
      return url => url.replace(/:\d+\//, `:${triggerPort}/`)
    },
    /** Makes a hook that runs Jobs, and resolves with its URL. */
    hookOf: async (runJob: object = {}, name = 'run-report'): Promise<string> => {
      await create(api, hooks, namespace, {
        apiVersion,
        kind: hookKind,
        metadata: { name },
        spec: { driver: 'runJob', runJob: { cronJob: 'report', ...runJob } },
      })
      return await here.url(name)
    },
    /** Writes that a Job has ended, as its controller does. */
    end: async (name: string, type: 'Complete' | 'Failed'): Promise<void> => {
      const time = '2026-01-01T00:00:00Z'
      const reason = type === 'Complete' ? 'CompletionsReached' : 'BackoffLimitExceeded'
      const types = type === 'Complete' ? ['SuccessCriteriaMet', type] : ['FailureTarget', type]
      const conditions = types.map(each => ({
        type: each,
        status: 'True',
        reason,
        lastTransitionTime: time,
        message: '',
      }))
      const status = {
        conditions,
        startTime: time,
        ...(type === 'Complete' ? { completionTime: time, succeeded: 1 } : { failed: 1 }),
      }
      await send(api, {
        method: 'PATCH',
        path: objectPath(jobType, namespace, name, 'status'),
        contentType: 'application/merge-patch+json',
        body: JSON.stringify({ status }),
      })
    },
  }
}

const keyed = (key: string): RequestInit => ({ headers: { 'idempotency-key': key } })

const said = ({ body, status }: Posted): string =>
  `${status} ${stringAt(body, 'outcome') ?? '-'} ${stringAt(body, 'reason') ?? '-'}`

/** Returns the name of the Job that an answer reports. */
const jobIn = ({ body }: Posted): string => stringAt(listAt(body, 'changes')[0], 'object')?.replace('Job/', '') ?? ''

const alerts = (severity: string) => ({
  version: '4',
  groupKey: '{}:{alertname="a"}',
  status: 'firing',
  receiver: 'hooks',
  groupLabels: { alertname: 'a' },
  commonLabels: { alertname: 'a', severity },
  alerts: [{ status: 'firing', labels: { alertname: 'a', severity }, startsAt: '2026-01-01T00:00:00Z' }],
})

const isPostOfJob = ({ method, path }: ApiRequest): boolean => method === 'POST' && path.endsWith('/jobs')

describe('a hook that runs Jobs', () => {
  it('makes one with the values of labels, and none on a dry run', async () => {
    const { hook, hookOf, jobs, namespace } = await setUp()
    const url = await hookOf({ labels: ['severity', 'pod'], body: 'env', env: [{ name: 'MODE', value: 'full' }] })
    const dry = await postUntilDone(`${url}?dryRun=true`, alerts('$(PASSWORD)'))
    expect(dry.body).toMatchObject({ outcome: 'applied', reason: 'JobCreated', dryRun: true })
    expect(dry.body['message']).toMatch(/^would have made Job\/run-report-[a-z2-7]{10}$/)
    expect(await jobs()).toEqual([])

    const answer = await postUntilDone(url, alerts('$(PASSWORD)'))
    expect(said(answer)).toBe('200 applied JobCreated')
    expect(answer.body['summary']).toBe(`made Job/${jobIn(answer)}`)
    const [job, ...others] = await jobs()
    expect(others).toEqual([])
    const uid = (await hook('run-report'))?.metadata.uid
    expect(job).toMatchObject({
      metadata: {
        name: jobIn(answer),
        namespace,
        labels: { [hookLabel]: uid },
        annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [{ kind: 'CronJob', name: 'report' }],
      },
      spec: { backoffLimit: 0, ttlSecondsAfterFinished: 86_400 },
    })
    // Kubernetes expands only the value of a variable. No value of the post is in one.
    const template = at(job, 'spec', 'template')
    expect(at(template, 'metadata', 'annotations')).toMatchObject({
      'receiverhooks.dev/label.severity': '$(PASSWORD)',
      'receiverhooks.dev/label.pod': '',
      'receiverhooks.dev/body': JSON.stringify(alerts('$(PASSWORD)')),
    })
    const container = listAt(template, 'spec', 'containers')[0]
    expect(JSON.stringify(container)).not.toContain('$(')
    expect(listAt(container, 'env')).toEqual([
      ...['label.severity', 'label.pod', 'body'].map(name => ({
        name: `RECEIVER_HOOK_${name.replace('.', '_').toUpperCase()}`,
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['receiverhooks.dev/${name}']` } },
      })),
      { name: 'PASSWORD', value: 'secret' },
      { name: 'MODE', value: 'full' },
    ])
    expect(stringAt(await hook('run-report'), 'status', 'target')).toBe('CronJob/report')
  })

  it('passes the largest body on as a file', async () => {
    const { hookOf, jobs } = await setUp()
    const url = await hookOf({ body: 'file' })
    const body = 'x'.repeat(64 * 1024)
    expect(said(await postUntilDone(url, undefined, { body }))).toBe('200 applied JobCreated')
    expect(said(await postUntilDone(url, undefined, { body: `${body}x` }))).toBe('422 failed InputUnusable')
    const [job] = await jobs()
    expect(at(job, 'spec', 'template', 'metadata', 'annotations', 'receiverhooks.dev/body')).toBe(body)
    expect(listAt(job, 'spec', 'template', 'spec', 'volumes')).toMatchObject([
      { name: 'receiver-hook', downwardAPI: { items: [{ path: 'body' }] } },
    ])
  })

  it('makes one Job of all copies at two replicas', async () => {
    const { another, hookOf, jobs } = await setUp()
    const url = await hookOf()
    const elsewhere = (await another())(url)
    const copies = await Promise.all(
      [url, elsewhere, url, elsewhere].map(to => postUntilDone(to, undefined, keyed('a'))),
    )
    for (const copy of copies) expect(said(copy)).toMatch(/^200 (applied JobCreated|skipped Duplicate)$/)
    expect(await jobs()).toHaveLength(1)
    await postUntilDone(elsewhere, undefined, keyed('b'))
    expect(await jobs()).toHaveLength(2)
  })

  it('makes one Job of a delivery whose process is gone before it is made, or before anybody knows', async () => {
    const { another, api, hookOf, jobs } = await setUp()
    const url = await hookOf()
    const dying = async (isMade: boolean): Promise<string> => {
      let isGone = false
      const through: ApiConnection = {
        ...api,
        request: async request => {
          if (isPostOfJob(request)) {
            if (isMade && !isGone) await api.request(request)
            isGone = true
          }
          return isGone ? Promise.reject(new Unreachable('gone', true)) : await api.request(request)
        },
      }
      return (await another(through))(url)
    }
    const lost = await Promise.all([
      post(await dying(false), undefined, keyed('before')),
      post(await dying(true), undefined, keyed('after')),
    ])
    expect(lost.map(({ status }) => status)).toEqual([503, 503])
    expect(await jobs()).toHaveLength(1)
    for (const key of ['before', 'after']) {
      expect(said(await postUntilDone(url, undefined, keyed(key)))).toBe('200 applied JobCreated')
    }
    expect(await jobs()).toHaveLength(2)
  })

  it('with forbid runs one of twenty posts at once, and another one after its end', async () => {
    const { another, end, hookOf, jobs } = await setUp()
    const url = await hookOf({ concurrency: 'forbid' })
    const elsewhere = (await another())(url)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => postUntilDone(n % 2 === 0 ? url : elsewhere, undefined, keyed(`${n}`))),
    )
    // On a busy machine, a post can be answered 503 at its deadline, and its copy is a duplicate.
    const known = ['200 applied JobCreated', '200 skipped JobRunning', '200 skipped Duplicate']
    expect(answers.map(said).filter(text => !known.includes(text))).toEqual([])
    expect(answers.filter(answer => said(answer) === '200 applied JobCreated').length).toBeLessThan(2)
    const [job, ...others] = await jobs()
    expect(others).toEqual([])
    await end(job?.metadata.name ?? '', 'Failed')
    expect(said(await postUntilDone(url, undefined, keyed('later')))).toBe('200 applied JobCreated')
    expect(await jobs()).toHaveLength(2)
  })

  it('with replace runs one of twenty posts at once: the last', async () => {
    const { another, api, hookOf, jobs, namespace } = await setUp()
    const url = await hookOf({ concurrency: 'replace' })
    const elsewhere = (await another())(url)
    const path = collectionPath(jobType, namespace)
    const present = new Set<string>()
    const made: string[] = []
    let most = 0
    const stop = new AbortController()
    const watching = (async () => {
      try {
        for await (const line of api.watch(
          { method: 'GET', path, query: { watch: '1' }, lane: 'watch', timeoutMs: 60_000 },
          stop.signal,
        )) {
          const event = typeof line === 'string' ? parseJson(line) : undefined
          const object = isObject(event) ? event['object'] : undefined
          if (!isStoredObject(object)) continue
          const { name } = object.metadata
          if (at(event, 'type') === 'ADDED') made.push(actIdOfJob(object) ?? '')
          if (at(event, 'type') === 'DELETED') present.delete(name)
          else present.add(name)
          most = Math.max(most, present.size)
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error
      }
    })()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => postUntilDone(n % 2 === 0 ? url : elsewhere, undefined, keyed(`${n}`))),
    )
    for (const answer of answers) expect(said(answer)).toMatch(/^200 (applied JobCreated|skipped Duplicate)$/)
    const [job, ...others] = await jobs()
    expect(others).toEqual([])
    await until(
      () => Promise.resolve(made.length),
      count => count === 20,
    )
    expect([most, new Set(made).size, made.at(-1)]).toEqual([1, 20, job && actIdOfJob(job)])
    // On a dry run, nothing is deleted either.
    expect((await postUntilDone(`${url}?dryRun=true`)).body).toMatchObject({ reason: 'JobCreated' })
    expect(await jobs()).toHaveLength(1)
    stop.abort()
    await watching
  }, 120_000)

  it('says how a Job has ended in the answer to a sender that waits, in the status, and in an Event', async () => {
    const { api, end, hook, hookOf, jobs, namespace } = await setUp()
    const url = await hookOf()
    const ask = (key: string): Promise<Posted> => postUntilDone(`${url}?wait=0s`, undefined, keyed(key))
    const first = await ask('a')
    expect(first.status).toBe(202)
    expect(first.body).toMatchObject({ state: 'progressing', reason: 'JobRunning', outcome: 'applied' })
    await end(jobIn(first), 'Complete')
    const complete = await until(
      () => ask('a'),
      ({ status }) => status === 200,
    )
    expect(complete.body).toMatchObject({ state: 'complete', reason: 'JobComplete' })
    expect(complete.body['message']).toBe(`Job/${jobIn(first)} is complete`)
    const second = await ask('b')
    // However many posts are skipped meanwhile, the list keeps the Job whose end is open.
    for (let skipped = 0; skipped < 12; skipped++) await postUntilDone(url, undefined, keyed('a'))
    await end(jobIn(second), 'Failed')
    const failed = await until(
      () => ask('b'),
      ({ status }) => status !== 202,
    )
    expect(failed.status).toBe(422)
    expect(failed.body).toMatchObject({ state: 'failed', reason: 'JobFailed', causes: ['BackoffLimitExceeded'] })
    await until(
      () => hook('run-report'),
      seen => JSON.stringify(at(seen, 'status', 'recent') ?? '').includes('"state":"failed"'),
    )
    const events = { method: 'GET', path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events` } as const
    await until(
      () => api.request({ ...events, lane: 'bulk', timeoutMs: 5000 }),
      ({ body }) => body.includes('JobFailed'),
    )
    expect(await jobs()).toHaveLength(2)
    const path = objectPath(jobType, namespace, jobIn(second))
    await api.request({
      method: 'DELETE',
      path,
      query: { propagationPolicy: 'Background' },
      lane: 'bulk',
      timeoutMs: 5000,
    })
    const gone = await until(
      () => ask('b'),
      ({ status }) => status !== 422,
    )
    expect([gone.status, gone.body['reason']]).toEqual([409, 'JobGone'])
    expect(await jobs()).toHaveLength(1)
  })

  it('with replace deletes nothing for a CronJob that is not there', async () => {
    const { hookOf, jobs, patchHook, until } = await setUp()
    const url = await hookOf({ concurrency: 'replace' })
    const name = jobIn(await postUntilDone(url, undefined, keyed('first')))
    await patchHook('run-report', { spec: { runJob: { cronJob: 'misspelt' } } })
    let tries = 0
    // An edit counts within two seconds. Until then, each post replaces the Job before it.
    await until(
      () => postUntilDone(`${url}?dryRun=true`, undefined, keyed(`try ${tries++}`)),
      answer => said(answer) === '422 failed TargetNotFound',
    )
    expect(said(await postUntilDone(url, undefined, keyed('second')))).toBe('422 failed TargetNotFound')
    expect((await jobs()).map(({ metadata }) => metadata.name)).toEqual([name])
  })

  it('is not Ready without its CronJob, and answers 422', async () => {
    const { hook, hookOf, jobs } = await setUp()
    const url = await hookOf({ cronJob: 'other' })
    expect(said(await postUntilDone(url))).toBe('422 failed TargetNotFound')
    const conditions = listAt(await hook('run-report'), 'status', 'conditions')
    expect(conditions.map(each => `${stringAt(each, 'type')} ${stringAt(each, 'reason')}`)).toEqual([
      'Ready TargetNotFound',
      'Reconciling TargetNotFound',
    ])
    expect(await jobs()).toEqual([])
  })

  const refused: readonly (readonly [object, RegExp])[] = [
    [{ cronJob: 'c'.repeat(53) }, /cronJob/],
    [{ cronJob: 'Report' }, /must be an object name/],
    [{ concurrency: 'never' }, /concurrency/],
    [{ env: [{ name: 'RECEIVER_HOOK_X', value: '' }] }, /must not begin with RECEIVER_HOOK_/],
    [{ env: [{ name: '1A', value: '' }] }, /must be a variable name/],
    [{ env: [{ name: 'A', value: '\u0000' }] }, /must not contain a NUL character/],
    [{ labels: ['1a'] }, /must be a label name/],
    [{ labels: ['a_'] }, /must be a label name/],
    [{ labels: ['_'] }, /must be a label name/],
    [{ labels: ['a', 'A'] }, /must not have two labels that differ only in case/],
    [{ labels: Array.from({ length: 17 }, (_, n) => `a${n}`) }, /labels/],
    [{ ttl: '9m' }, /must be between 10m and 720h/],
    [{ ttl: '721h' }, /must be between 10m and 720h/],
  ]

  it('is refused by the API server with a member that may not be', async () => {
    const { hookOf } = await setUp()
    for (const [member, why] of refused) await expect(hookOf(member)).rejects.toThrow(why)
  })
})

it.each(realServers)('a quota that has room for one Job lets one be made, though its answer is lost: %s', async () => {
  const { another, api, hookOf, jobs, namespace } = await setUp()
  const quotas = { group: '', version: 'v1', resource: 'resourcequotas', kind: 'ResourceQuota' }
  const hard = { 'count/jobs.batch': '1' }
  await create(api, quotas, namespace, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'one' },
    spec: { hard },
  })
  // No controller writes this here.
  await send(api, {
    method: 'PATCH',
    path: objectPath(quotas, namespace, 'one', 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status: { hard, used: { 'count/jobs.batch': '0' } } }),
  })
  const refusals: string[] = []
  const through: ApiConnection = {
    ...api,
    request: async request => {
      const answer = await api.request(request)
      if (!isPostOfJob(request)) return answer
      if (answer.status === 403) refusals.push(answer.body)
      if (answer.status === 201 && request.query?.['dryRun'] === undefined) throw new Unreachable('lost', true)
      return answer
    },
  }
  const url = (await another(through))(await hookOf())
  // The API server counts with the quota a moment after it was made.
  await until(
    () => post(`${url}?dryRun=true`, undefined, keyed('dry')),
    ({ status }) => status === 200,
  )
  expect(said(await postUntilDone(url, undefined, keyed('a')))).toBe('200 applied JobCreated')
  expect(refusals.join()).toContain('exceeded quota: one')
  const second = await postUntilDone(url, undefined, keyed('b'))
  expect(said(second)).toBe('422 failed JobRefused')
  expect(second.body['message']).toContain('exceeded quota: one')
  expect(await jobs()).toHaveLength(1)
})

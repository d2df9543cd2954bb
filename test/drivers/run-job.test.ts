import { describe, expect, it } from 'vitest'
import { at, isObject, listAt } from '../../src/api/json.ts'
import { inputOf, maxInputBytes, maxLabelBytes } from '../../src/drivers/run-job/input.ts'
import { jobNameOf } from '../../src/drivers/run-job/jobs.ts'
import { jobOf } from '../../src/drivers/run-job/manifest.ts'
import { runJob } from '../../src/drivers/run-job/run-job.ts'
import type { RunJob } from '../../src/drivers/run-job/schema.ts'
import type { ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { noDefinitions } from '../support/environment.ts'
import { answer } from '../support/scripted-connection.ts'
import {
  brief,
  byRoles,
  cronJob,
  forbiddenBy,
  isList,
  isPost,
  jobsPath,
  member,
  messageOf,
  quota,
  setUp,
} from './job-world.ts'

const evil = '$(PASSWORD) ${PASSWORD} $$(PASSWORD)'

/** Returns the places of a text in a value. */
const placesOf = (value: unknown, text: string, path = ''): readonly string[] =>
  typeof value === 'string'
    ? value.includes(text)
      ? [path]
      : []
    : Array.isArray(value)
      ? value.flatMap((each: unknown, index) => placesOf(each, text, `${path}/${index}`))
      : Object.entries(isObject(value) ? value : {}).flatMap(([name, each]) => placesOf(each, text, `${path}/${name}`))

describe('the Job of a delivery', () => {
  const hook = { name: 'run-report', uid: 'hook-uid' }
  const inputs = inputOf(
    { labels: ['severity', 'a'], body: 'file' },
    { labels: { severity: evil, other: 'x' } },
    () => ({ body: Buffer.from(evil) }),
  )
  const made = (env: RunJob['env'] = []): unknown => {
    if ('unusable' in inputs) throw new Error(inputs.unusable)
    return jobOf({ actId: 'act-1', cronJob, hook, inputs, member: { env, ttl: '1h' } })
  }

  it('has the template, one name for one act, its hook and its delivery, and no controller', () => {
    expect(made()).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: jobNameOf('run-report', 'act-1'),
        labels: { app: 'report', 'receiverhooks.dev/hook': 'hook-uid' },
        annotations: {
          note: 'yes',
          'cronjob.kubernetes.io/instantiate': 'manual',
          'receiverhooks.dev/delivery': 'act-1',
        },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'report', uid: 'c' }],
      },
      spec: { backoffLimit: 2, ttlSecondsAfterFinished: 3600, template: { metadata: { labels: { app: 'report' } } } },
    })
    expect(at(listAt(made(), 'metadata', 'ownerReferences')[0], 'controller')).toBeUndefined()
    expect(jobNameOf('run-report', 'act-1')).toMatch(/^run-report-[a-z2-7]{10}$/)
    expect(jobNameOf('a.b'.repeat(84), 'act-1')).toMatch(/^(a-b){15}a-[a-z2-7]{10}$/)
    expect(new Set(Array.from({ length: 1000 }, (_, id) => jobNameOf('run-report', String(id)))).size).toBe(1000)
  })

  it('has what the post says in annotations of its pods, and nowhere in the value of a variable', () => {
    expect(placesOf(made([{ name: 'MODE', value: 'full' }]), 'PASSWORD')).toEqual([
      '/spec/template/metadata/annotations/receiverhooks.dev/label.severity',
      '/spec/template/metadata/annotations/receiverhooks.dev/body',
    ])
    expect(at(made(), 'spec', 'template', 'metadata', 'annotations')).toEqual({
      'own/note': 'kept',
      'receiverhooks.dev/label.severity': evil,
      'receiverhooks.dev/label.a': '',
      'receiverhooks.dev/body': evil,
    })
  })

  it("has its variables first, then the CronJob's own with the hook's in their place, then the rest", () => {
    const fieldRef = (name: string) => ({
      apiVersion: 'v1',
      fieldPath: `metadata.annotations['receiverhooks.dev/${name}']`,
    })
    const ofPost = [
      { name: 'RECEIVER_HOOK_LABEL_SEVERITY', valueFrom: { fieldRef: fieldRef('label.severity') } },
      { name: 'RECEIVER_HOOK_LABEL_A', valueFrom: { fieldRef: fieldRef('label.a') } },
    ]
    const env = [
      { name: 'NEW', value: '1' },
      { name: 'MODE', value: 'full' },
    ]
    const spec = at(made(env), 'spec', 'template', 'spec')
    const mount = { name: 'receiver-hook', mountPath: '/var/run/receiver-hook', readOnly: true }
    expect(spec).toMatchObject({
      serviceAccountName: 'reporter',
      containers: [
        {
          env: [
            ...ofPost,
            { name: 'MODE', value: 'full' },
            { name: 'REF', value: '$(MODE)' },
            { name: 'NEW', value: '1' },
          ],
          volumeMounts: [mount],
        },
      ],
      initContainers: [{ env: [...ofPost, ...env], volumeMounts: [mount] }],
      volumes: [{ name: 'receiver-hook', downwardAPI: { items: [{ path: 'body', fieldRef: fieldRef('body') }] } }],
    })
  })

  it("has the hook's variable where the CronJob has the same name twice, though the last one counts", () => {
    const env = [
      { name: 'MODE', value: 'first' },
      { name: 'MODE', value: 'last' },
    ]
    const pods = { spec: { containers: [{ name: 'main', image: 'busybox', env }] } }
    const twice = { ...cronJob, spec: { ...cronJob.spec, jobTemplate: { spec: { template: pods } } } }
    const hooks = [{ name: 'MODE', value: 'full' }]
    const job = jobOf({ actId: 'a', cronJob: twice, hook, inputs: [], member: { env: hooks, ttl: '1h' } })
    expect(listAt(listAt(job, 'spec', 'template', 'spec', 'containers')[0], 'env')).toEqual([...hooks, ...hooks])
  })

  it('has the body in a variable where the hook says so', () => {
    expect(inputOf({ body: 'env' }, {}, () => ({ body: Buffer.from('é') }))).toEqual([
      { annotation: 'receiverhooks.dev/body', text: 'é', as: { variable: 'RECEIVER_HOOK_BODY' } },
    ])
  })

  it.each<[string, Partial<RunJob>, Record<string, string>, Uint8Array, string | undefined]>([
    [
      'a label that is as long as may be',
      { labels: ['a'] },
      { a: 'é'.repeat(maxLabelBytes / 2) },
      Buffer.from(''),
      undefined,
    ],
    [
      'a label that is longer',
      { labels: ['a'] },
      { a: 'é'.repeat(maxLabelBytes / 2 + 1) },
      Buffer.from(''),
      'the label a has more',
    ],
    ['a label with NUL', { labels: ['a'] }, { a: '\u0000' }, Buffer.from(''), 'the label a contains a NUL character'],
    // The API server would replace it: two labels would become the same text.
    [
      'a label with half of a character',
      { labels: ['a'] },
      { a: '\ud83d' },
      Buffer.from(''),
      'the label a is not valid',
    ],
    ['a label with a whole one', { labels: ['a'] }, { a: '\ud83d\ude00' }, Buffer.from(''), undefined],
    ['a label that is not asked for', { labels: ['b'] }, { a: '\u0000' }, Buffer.from(''), undefined],
    ['a label of every object', { labels: ['constructor'] }, {}, Buffer.from(''), undefined],
    ['a body that nobody asks for', {}, {}, Buffer.from([0xff]), undefined],
    ['a body that is as long as may be', { body: 'file' }, {}, Buffer.alloc(maxInputBytes, 'x'), undefined],
    [
      'a body that is longer',
      { body: 'file' },
      {},
      Buffer.alloc(maxInputBytes + 1, 'x'),
      'the body has more than 64 KiB',
    ],
    ['a body that is no text', { body: 'env' }, {}, Buffer.from([0xff]), 'the body is not UTF-8 text'],
    ['a body with NUL', { body: 'env' }, {}, Buffer.from('a\u0000'), 'the body contains a NUL character'],
  ])('is made or refused with %s, and nothing is cut', async (_what, more, labels, body, why) => {
    const { asked, jobs, run } = setUp()
    const worked = await run('act-1', more, { delivery: { labels }, post: { body } })
    expect(brief(worked)).toBe(why === undefined ? 'done applied JobCreated' : 'failed failed InputUnusable')
    expect(messageOf(worked)).toContain(why ?? '')
    const count = why === undefined ? 1 : 0
    expect([asked.length, jobs().length]).toEqual([count, count])
  })
})

describe('making a Job', () => {
  it.each(['allow', 'replace'] as const)(
    'changes nothing while too many are kept, and a copy of one that was made gets its outcome: %s',
    async concurrency => {
      const { jobs, run } = setUp()
      const countKept = (): boolean => false
      await run('first', { concurrency })
      const refused = await run('next', { concurrency }, { countKept })
      expect(brief(refused)).toBe('failed unavailable WritesLimited')
      expect(jobs()).toHaveLength(1)
      expect(brief(await run('first', { concurrency }, { countKept, act: { isResumed: true } }))).toBe(
        'done applied JobCreated',
      )
    },
  )

  it('names it, charges what it stores, and is done once for one act', async () => {
    let charged = 0
    let keptFor: number | undefined
    const { jobs, run } = setUp()
    const name = jobNameOf('run-report', 'act-1')
    const done = await run(
      'act-1',
      {},
      {
        charge: bytes => void (charged += bytes),
        countKept: ms => {
          keptFor = ms
          return true
        },
      },
    )
    expect(done).toEqual({
      worked: 'done',
      outcome: {
        outcome: 'applied',
        reason: 'JobCreated',
        summary: `made Job/${name}`,
        changes: [{ object: `Job/${name}`, to: 'created' }],
        evidence: { did: ['act-1'], n: 1 },
      },
    })
    expect(charged).toBeGreaterThan(1000)
    expect(keptFor).toBe(24 * 3_600_000)
    expect(await run('act-1', {}, { act: { isResumed: true } })).toEqual(done)
    expect(jobs()).toHaveLength(1)
    await run('act-2')
    expect(jobs()).toHaveLength(2)
  })

  const lost = new Unreachable('the connection broke', true)
  const busy = answer(409, { kind: 'Status', reason: 'Conflict', code: 409, message: 'the quota has changed' })

  it.each<[string, (post: number, pass: () => ApiResponse) => ApiResponse | Error | undefined, string, number]>([
    ['an answer that is lost', (n, pass) => (n === 0 ? (pass(), lost) : undefined), 'done applied JobCreated', 1],
    ['a request that is lost', n => (n === 0 ? lost : undefined), 'done applied JobCreated', 1],
    [
      'a 500 after it was stored',
      (n, pass) => (n === 0 ? (pass(), answer(500, {})) : undefined),
      'done applied JobCreated',
      1,
    ],
    ['a 500 before it was stored', n => (n === 0 ? answer(500, {}) : undefined), 'done applied JobCreated', 1],
    ['a 429, and a quota that others change', n => [answer(429, {}), busy][n], 'done applied JobCreated', 1],
    ['a quota', () => quota, 'failed failed JobRefused', 0],
    // The Job itself has used the quota up.
    [
      'a quota that has room for one, whose answer is lost',
      (n, pass) => (n === 0 ? (pass(), lost) : quota),
      'done applied JobCreated',
      1,
    ],
    [
      'a quota, while an earlier try may yet be stored',
      n => (n === 0 ? lost : quota),
      'unfinished unavailable Unfinished',
      0,
    ],
    ['an API server that has just started', n => (n < 2 ? byRoles : undefined), 'done applied JobCreated', 1],
    ['a webhook', () => forbiddenBy('admission webhook "x" denied the request: no'), 'failed failed JobRefused', 0],
    ...[400, 409, 429, 500].map((code): [string, () => ApiResponse, string, number] => [
      `a webhook that says ${code}`,
      () => answer(code, { kind: 'Status', code, message: 'admission webhook "x" denied the request: no' }),
      'failed failed JobRefused',
      0,
    ]),
    [
      'a rule',
      () => answer(422, { kind: 'Status', reason: 'Invalid', code: 422, message: 'no' }),
      'failed failed JobRefused',
      0,
    ],
    ['roles', () => byRoles, 'failed failed Forbidden', 0],
    ['a server that is away', () => new Unreachable('refused', false), 'unfinished unavailable ApiUnreachable', 0],
    ['answers that are all lost', () => lost, 'unfinished unavailable Unfinished', 0],
  ])('with %s', async (_what, fault, expected, count) => {
    let posts = 0
    const { jobs, run } = setUp((request, pass) => (isPost(request) ? fault(posts++, pass) : undefined))
    expect(brief(await run('act-1'))).toBe(expected)
    expect(jobs()).toHaveLength(count)
  })

  it('fails where somebody else has the name', async () => {
    const { jobs, run, make } = setUp()
    make('POST', jobsPath, { ...cronJob.spec.jobTemplate, metadata: { name: jobNameOf('run-report', 'act-1') } })
    const worked = await run('act-1')
    expect(brief(worked)).toBe('failed failed NameTaken')
    expect(jobs()).toHaveLength(1)
  })

  it('stays open where nobody may look whether it is the one', async () => {
    const { run } = setUp(request => (isList(request) ? byRoles : undefined))
    await run('act-1')
    expect(brief(await run('act-1', {}, { act: { isResumed: true } }))).toBe('unfinished failed Forbidden')
    expect(brief(await run('act-2', { concurrency: 'forbid' }))).toBe('failed failed Forbidden')
    expect(brief(await run('act-3', { concurrency: 'forbid' }, { act: { isResumed: true } }))).toBe(
      'unfinished failed Forbidden',
    )
  })

  it('fails without its CronJob, unless the Job was made before', async () => {
    const { jobs, run, make } = setUp()
    expect(brief(await run('act-1', { cronJob: 'other' }))).toBe('failed failed TargetNotFound')
    make('POST', jobsPath, {
      ...cronJob.spec.jobTemplate,
      metadata: {
        name: jobNameOf('run-report', 'act-1'),
        annotations: { 'receiverhooks.dev/delivery': 'act-1' },
      },
    })
    expect(brief(await run('act-1', { cronJob: 'other' }))).toBe('done applied JobCreated')
    expect(jobs()).toHaveLength(1)
  })
})

it.each(['allow', 'forbid', 'replace'] as const)(
  'a delivery whose hook names another CronJob meanwhile has one Job: %s',
  async concurrency => {
    const { end, jobs, make, run } = setUp()
    make('POST', '/apis/batch/v1/namespaces/shop/cronjobs', { ...cronJob, metadata: { name: 'other' } })
    const name = jobNameOf('run-report', 'act-1')
    await run('act-1', { concurrency })
    const again = (isResumed: boolean) => run('act-1', { concurrency, cronJob: 'other' }, { act: { isResumed } })
    // Another process may work at the same time, and may know nothing of the first one.
    for (const worked of [await again(true), await again(false), (end(name, 'Complete'), await again(true))]) {
      expect(worked).toMatchObject({ worked: 'done', outcome: { summary: `made Job/${name}` } })
    }
    expect(jobs().map(({ metadata }) => metadata.name)).toEqual([name])
  },
)

describe('with an earlier Job that is running', () => {
  it('forbid makes none, and one after its end', async () => {
    const { asked, end, jobs, run } = setUp()
    await run('act-1', { concurrency: 'forbid' })
    const skipped = await run('act-2', { concurrency: 'forbid' })
    expect(brief(skipped)).toBe('done skipped JobRunning')
    expect(messageOf(skipped)).toContain(jobNameOf('run-report', 'act-1'))
    expect(brief(await run('act-1', { concurrency: 'forbid' }))).toBe('done applied JobCreated')
    expect(jobs()).toHaveLength(1)
    end(jobNameOf('run-report', 'act-1'), 'Failed')
    expect(brief(await run('act-2', { concurrency: 'forbid' }))).toBe('done applied JobCreated')
    // Its own Job has ended, and another is running.
    expect(brief(await run('act-1', { concurrency: 'forbid' }))).toBe('done applied JobCreated')
    expect(jobs()).toHaveLength(2)
    expect(asked.every(how => how?.serial === true)).toBe(true)
  })

  it('replace stores that the earlier delivery was done, and deletes its very Job', async () => {
    const deleted: string[] = []
    const { jobs, run, settled } = setUp(({ body = '', method, path }) => {
      if (method === 'DELETE') deleted.push(`${path.split('/').at(-1)} ${body}`)
      return undefined
    })
    await run('act-1', { concurrency: 'replace' })
    const [first] = jobs()
    expect(brief(await run('act-2', { concurrency: 'replace' }))).toBe('done applied JobCreated')
    expect(jobs().map(({ metadata }) => metadata.name)).toEqual([jobNameOf('run-report', 'act-2')])
    expect(settled).toEqual(['act-1'])
    expect(deleted).toHaveLength(1)
    expect(deleted[0]).toContain(`"preconditions":{"uid":"${first?.metadata.uid}"}`)
    expect(brief(await run('act-2', { concurrency: 'replace' }))).toBe('done applied JobCreated')
    expect(deleted).toHaveLength(1)
  })

  it.each([
    [answer(403, { reason: 'Forbidden', message: 'no' }), 'failed failed Forbidden'],
    [answer(500, {}), 'unfinished unavailable Unfinished'],
  ])('replace makes none if the earlier one cannot be deleted: %j', async (refusal, expected) => {
    const { jobs, run } = setUp(({ method }) => (method === 'DELETE' ? refusal : undefined))
    await run('act-1', { concurrency: 'replace' })
    expect(brief(await run('act-2', { concurrency: 'replace' }))).toBe(expected)
    expect(jobs().map(({ metadata }) => metadata.name)).toEqual([jobNameOf('run-report', 'act-1')])
  })

  it.each(['GET', 'POST'])(
    'replace does not say that nothing was changed once it has deleted a Job: %s fails',
    async method => {
      let isAway = false
      const { run } = setUp(request => {
        if (isAway && request.method === method) return new Unreachable('the API server is away', false)
        isAway ||= request.method === 'DELETE'
        return undefined
      })
      await run('act-1', { concurrency: 'replace' })
      expect(brief(await run('act-2', { concurrency: 'replace' }))).toBe('unfinished unavailable Unfinished')
    },
  )

  it.each<[string, string, (path: string, tries: number) => ApiResponse | undefined, string]>([
    ['a second Job cannot be deleted', 'DELETE', (_, n) => (n === 1 ? byRoles : undefined), 'failed failed Forbidden'],
    [
      'the CronJob is gone',
      'GET',
      path =>
        path.includes('/cronjobs/')
          ? answer(404, { kind: 'Status', reason: 'NotFound', code: 404, details: { name: 'report' } })
          : undefined,
      'failed failed TargetNotFound',
    ],
    [
      'the CronJob may not be read',
      'GET',
      path => (path.includes('/cronjobs/') ? byRoles : undefined),
      'failed failed Forbidden',
    ],
    ['a webhook', 'POST', () => answer(400, { kind: 'Status', code: 400, message: 'no' }), 'failed failed JobRefused'],
    ['a quota that nothing frees', 'POST', () => quota, 'unfinished unavailable Unfinished'],
    ['the API server is away', 'POST', () => answer(503, {}), 'unfinished unavailable Unfinished'],
  ])('replace says after a failure that it has deleted a Job: %s', async (_, method, fault, expected) => {
    let hasDeleted = false
    let tries = 0
    const { jobs, run } = setUp(request => {
      const refusal = hasDeleted && request.method === method ? fault(request.path, ++tries) : undefined
      hasDeleted ||= request.method === 'DELETE'
      return refusal
    })
    await run('act-1')
    await run('act-2')
    const worked = await run('act-3', { concurrency: 'replace' })
    expect(brief(worked)).toBe(expected)
    expect(messageOf(worked)).toMatch(/^after an earlier Job was deleted: /)
    expect(jobs()).toHaveLength(method === 'DELETE' ? 1 : 0)
  })

  it('replace waits for the quota that the Job it has deleted gives back', async () => {
    let refusals = 0
    const { jobs, run } = setUp(request => (isPost(request) && refusals-- > 0 ? quota : undefined))
    await run('act-1', { concurrency: 'replace' })
    refusals = 3
    expect(brief(await run('act-2', { concurrency: 'replace' }))).toBe('done applied JobCreated')
    expect(jobs().map(({ metadata }) => metadata.name)).toEqual([jobNameOf('run-report', 'act-2')])
  })

  it('counts no Job of another hook, and allow makes another one', async () => {
    const { asked, jobs, run, make } = setUp()
    make('POST', jobsPath, {
      ...cronJob.spec.jobTemplate,
      metadata: { name: 'a', labels: { 'receiverhooks.dev/hook': 'other' } },
    })
    expect(brief(await run('act-1', { concurrency: 'forbid' }))).toBe('done applied JobCreated')
    expect(brief(await run('act-2'))).toBe('done applied JobCreated')
    expect(jobs()).toHaveLength(3)
    expect(asked).toEqual([{ serial: true }, {}])
  })
})

describe('the outcome of a Job', () => {
  it.each<[string, string | undefined, object]>([
    ['is complete', 'Complete', { state: 'complete', reason: 'JobComplete' }],
    ['has failed', 'Failed', { state: 'failed', reason: 'JobFailed', causes: ['BackoffLimitExceeded'] }],
    ['is running', undefined, { state: 'progressing', reason: 'JobRunning' }],
  ])('%s', async (_what, type, expected) => {
    const { api, end, run } = setUp()
    await run('act-1')
    if (type === 'Complete' || type === 'Failed') end(jobNameOf('run-report', 'act-1'), type)
    const [change, other] = ['act-1', 'act-2'].map(id => ({ at: 0, did: [id], n: 1 }))
    if (!change || !other) throw new Error('both are there')
    const pods = () => Promise.resolve(undefined)
    const look = await runJob.look(member, {
      api,
      namespace: 'shop',
      hookName: 'run-report',
      changes: [change, other],
      definitions: noDefinitions,
      pods,
    })
    expect(look.settlementOf(change, 0)).toMatchObject(expected)
    expect(look.settlementOf(other, 0)).toMatchObject({ state: 'replaced', reason: 'JobGone' })
    const elsewhere = await runJob.look(
      { ...member, cronJob: 'b' },
      { api, namespace: 'shop', hookName: 'run-report', changes: [change], definitions: noDefinitions, pods },
    )
    expect(elsewhere.settlementOf(change, 0)).toMatchObject(expected)
  })
})

it('what a holder of the URL can do is said, for every kind of hook', () => {
  const worst = (more: Partial<RunJob>): string => runJob.worst({ ...member, ...more }, 'CronJob/report')
  expect([
    worst({}),
    worst({ concurrency: 'forbid', labels: ['a'] }),
    worst({ concurrency: 'replace', labels: ['a'], body: 'env' }),
  ]).toEqual([
    'run a Job of CronJob/report for each post',
    'run a Job of CronJob/report for each post, unless an earlier one is running, with labels chosen by the sender',
    'run a Job of CronJob/report for each post, replacing an earlier one that is running, with labels and a body chosen by the sender',
  ])
})

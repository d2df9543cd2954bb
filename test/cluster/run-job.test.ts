import { beforeAll, describe, expect, inject, it } from 'vitest'
import { parseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { cronJobType, jobType } from '../../src/drivers/run-job/jobs.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { listAt } from '../deploy/manifests.ts'
import { kubectl, type Ran } from '../support/kubectl.ts'
import { cluster, postUntilDone, until, type Cluster } from '../support/product.ts'
import { applyBase, installation, rightsOfBase, rightsOfDriver, titleOf, type Right } from './installation.ts'
import { readinessOf, runRoles } from './roles.ts'

const hookOf = (runJob: object = {}) => ({
  apiVersion,
  kind: hookKind,
  metadata: { name: 'run-report' },
  spec: { driver: 'runJob', runJob: { cronJob: 'report', concurrency: 'replace', ...runJob } },
})

const createCronJob = ({ api, namespace }: Cluster) =>
  create(api, cronJobType, namespace, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: {
      schedule: '@yearly',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] } } },
      },
    },
  })

/** Starts both roles, each as its own account with these rights, and a hook that runs Jobs. */
const setUp = async (rights: readonly Right[]) => {
  const here = await cluster()
  const { as } = await installation(here, rights)
  await createCronJob(here)
  const port = await runRoles(here, as)
  await create(here.api, hooks, here.namespace, hookOf())
  const { pathname } = new URL(await here.url('run-report'))
  const jobs = async (): Promise<number> => {
    const path = collectionPath(jobType, here.namespace)
    const { body } = await here.api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
    return listAt(parseJson(body), 'items').length
  }
  const ready = (): Promise<string> => readinessOf(here, 'run-report')
  return { ...here, jobs, ready, url: `http://127.0.0.1:${port}${pathname}` }
}

const all = [...rightsOfBase(), ...rightsOfDriver('run-job')]
const ofTrigger = ['get cronjobs', 'list jobs', 'create jobs', 'delete jobs'] as const

describe('the rights of the component run-job', () => {
  it('are these, and each of them is missed below', () => {
    expect(rightsOfDriver('run-job').map(titleOf).sort()).toEqual(
      ['controller: get cronjobs', ...ofTrigger.map(right => `trigger: ${right}`)].sort(),
    )
  })

  it('are enough: the hook is Ready, and a second Job takes the place of the first', async () => {
    const { jobs, ready, url } = await setUp(all)
    expect(await ready()).toMatch(/^True Valid/)
    for (const [key, count] of [
      ['a', 1],
      ['b', 1],
    ] as const) {
      const answer = await postUntilDone(url, undefined, { headers: { 'idempotency-key': key } })
      expect(answer).toMatchObject({ status: 200, body: { reason: 'JobCreated' } })
      expect(await jobs()).toBe(count)
    }
    const { body } = await postUntilDone(`${url}?wait=0s`, undefined, { headers: { 'idempotency-key': 'b' } })
    expect(body).toMatchObject({ reason: 'JobRunning', state: 'progressing' })
  })

  it.each(ofTrigger)('without that of the trigger to %s a hook is not Ready, and a post says so', async right => {
    const [verb = '', resource = ''] = right.split(' ')
    const { jobs, ready, url } = await setUp(all.filter(each => titleOf(each) !== `trigger: ${right}`))
    expect(await ready()).toMatch(new RegExp(`^False Forbidden: .*${verb}.*${resource}`))
    const answers = [await postUntilDone(url), await postUntilDone(url)]
    const refused = answers.at(verb === 'delete' ? 1 : 0)
    expect(refused).toMatchObject({ status: 422, body: { reason: 'Forbidden' } })
    expect(refused?.body['message']).toMatch(
      new RegExp(`receiver-hooks-trigger" cannot ${verb} resource "${resource}"`),
    )
    expect(await jobs()).toBe(verb === 'delete' ? 1 : 0)
  })

  it('without that of the controller a hook is not Ready, since its CronJob cannot be checked', async () => {
    const { ready } = await setUp(all.filter(each => titleOf(each) !== 'controller: get cronjobs'))
    expect(await ready()).toMatch(/^False Forbidden: .*cronjobs/)
  })
})

describe('who writes a hook that runs Jobs', () => {
  beforeAll(() => applyBase(inject('kubeconfig')))

  it('needs the rights to make Jobs, to read the CronJob, and to delete Jobs where the hook does', async () => {
    const { kubeconfig, namespace } = await cluster()
    const run = (args: readonly string[], stdin = ''): Promise<Ran> =>
      kubectl(kubeconfig, ['-n', namespace, ...args], stdin)
    const may = async (name: string, verb: string, resource: string, ...more: readonly string[]): Promise<void> => {
      const role = ['create', 'role', name, `--verb=${verb}`, `--resource=${resource}`, ...more]
      expect(await run(role)).toMatchObject({ code: 0 })
      expect(await run(['create', 'rolebinding', name, `--role=${name}`, '--user=ann'])).toMatchObject({ code: 0 })
    }
    let writes = 0
    // A policy counts a moment after it was made, and what leaves the spec as it is passes. So each write changes it.
    const apply = (concurrency: string): Promise<Ran> => {
      const env = [{ name: 'WRITE', value: `${(writes += 1)}` }]
      return run(['--as=ann', 'apply', '-f', '-'], JSON.stringify(hookOf({ concurrency, env })))
    }
    const refused = async (concurrency: string, message: string): Promise<void> => {
      await until(
        () => apply(concurrency),
        ({ code, stderr }) => code !== 0 && stderr.includes(message),
      )
    }
    const accepted = async (concurrency: string): Promise<void> => {
      await until(
        () => apply(concurrency),
        ({ code }) => code === 0,
      )
    }
    const needs = (right: string): string =>
      `writing this hook needs the right to ${right} (API group batch) in namespace ${namespace}`
    await may('hooks', 'get,create,patch', 'receiverhooks.receiverhooks.dev')
    await refused('allow', `ann may not run a Job of CronJob/report: ${needs('create jobs')}`)
    await may('create', 'create', 'jobs')
    // To read another CronJob is not enough.
    await may('other', 'get', 'cronjobs', '--resource-name=other')
    await refused('allow', `ann may not run a Job of CronJob/report: ${needs('get cronjobs')}`)
    await may('read', 'get', 'cronjobs', '--resource-name=report')
    await accepted('forbid')
    await refused('replace', `ann may not delete earlier Jobs of CronJob/report: ${needs('delete jobs')}`)
    await may('delete', 'delete', 'jobs')
    await accepted('replace')
  })
})

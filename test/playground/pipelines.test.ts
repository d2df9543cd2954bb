import { execFile } from 'node:child_process'
import { expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { connect } from '../../src/environment/node.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { snippetHook } from '../../cli/snippets/hook.ts'
import { hookVariable } from '../../cli/snippets/names.ts'
import { snippetNamed, writeSnippet } from '../../cli/snippets/write.ts'
import { deployment } from '../support/objects.ts'
import { startPlayground } from '../support/playground.ts'
import { deployments, until } from '../support/product.ts'
import { authSpecs } from '../snippets/known-hooks.ts'
import { held, ofGithub } from '../snippets/products.ts'

// The jobs that wait for a rollout, as their runners run them, against the playground.

interface Case {
  readonly pipeline: 'github-actions' | 'gitlab-ci' | 'curl'
  readonly name: string
  readonly spec: object
  readonly tag: string
}

/** Makes a Deployment with a hook, and returns the job of a pipeline for it. */
const jobFor = async (api: ApiConnection, { name, pipeline, spec, tag }: Case) => {
  await create(api, deployments, 'shop', deployment(name, 2))
  if (tag === 'missing') {
    const path = objectPath(deployments, 'shop', name)
    const body = JSON.stringify({ spec: { progressDeadlineSeconds: 3 } })
    await send(api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
  }
  // A restart never comes on top of a rollout, and the first one is one as well.
  await until(
    () => read(api, deployments, 'shop', name),
    seen => at(seen, 'status', 'availableReplicas') === 2,
  )
  await create(api, hooks, 'shop', { apiVersion, kind: hookKind, metadata: { name }, spec })
  const stored = await until(
    () => read(api, hooks, 'shop', name),
    hook => stringAt(hook, 'status', 'triggerURL') !== undefined,
  )
  const url = stringAt(stored, 'status', 'triggerURL') ?? ''
  const snippet = snippetNamed(pipeline)
  const written = snippet && writeSnippet(snippet, snippetHook(name, 'shop', spec, url))
  const texts = written && 'texts' in written ? written.texts : []
  const text = texts.find(each => each.text.includes('wait=25s'))?.text ?? ''
  const kept = (kind: string): string => hookVariable(kind, { namespace: 'shop', name })
  const secretsOfJob = { [kept('token')]: url.split('/').at(-1) ?? '', [kept('secret')]: held.secret ?? '' }
  if (pipeline === 'curl') return { job: text, secretsOfJob }
  const document: unknown = parse(text)
  const jobs = at(document, 'jobs') ?? document
  const [job] = isObject(jobs) ? Object.values(jobs) : []
  return { job, secretsOfJob }
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script with bash and no other variables. */
const bash = (options: readonly string[], script: string, env: Readonly<Record<string, string>>): Promise<Ended> =>
  new Promise(resolve => {
    const PATH = process.env['PATH'] ?? ''
    execFile('bash', ['--norc', ...options, '-c', script], { env: { PATH, ...env } }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })

/** Runs a job that pushes a tag as its runner does, or a script as a terminal does. */
const runJob = (
  { pipeline, tag }: Case,
  job: unknown,
  secretsOfJob: Readonly<Record<string, string>>,
): Promise<Ended> => {
  if (pipeline === 'curl') return bash([], String(job).replace('TAG=1.4.2', `TAG=${tag}`), {})
  if (pipeline === 'gitlab-ci') {
    const script = at(job, 'script')
    const env = { ...secretsOfJob, CI_PROJECT_ID: '1', CI_JOB_ID: '2', TAG: tag }
    return bash(['-eo', 'pipefail'], Array.isArray(script) ? script.join('\n') : '', env)
  }
  const steps = at(job, 'steps')
  const step: unknown = Array.isArray(steps) ? steps[0] : undefined
  const env = at(step, 'env')
  const variables = Object.entries(isObject(env) ? env : {}).map(([name, value]): [string, string] => [
    name,
    name === 'TAG' ? tag : ofGithub(String(value), secretsOfJob),
  ])
  return bash(['-e'], ofGithub(stringAt(step, 'run') ?? '', secretsOfJob), Object.fromEntries(variables))
}

const casesOf = (pipeline: Case['pipeline']): readonly Case[] => {
  const redeploy = (kind: string) => ({
    driver: 'redeploy',
    redeploy: { target: { name: `${pipeline}-${kind}` }, image: 'nginx', tags: { glob: '*' } },
  })
  const named = (kind: string, tag: string, spec: object): Case => ({
    pipeline,
    name: `${pipeline}-${kind}`,
    tag,
    spec,
  })
  return [
    named('good', '1.30', redeploy('good')),
    named('bad', 'missing', redeploy('bad')),
    // The script for a terminal asks a person for the secret.
    ...(pipeline === 'curl' ? [] : [named('signed', '1.30', { ...redeploy('signed'), auth: authSpecs['hmac-slack'] })]),
    named('restart', '', { driver: 'restart', restart: { target: { name: `${pipeline}-restart` } } }),
  ]
}

/** Returns the last state and status, how often that status came, and the exit code. */
const ending = ({ code, stderr, stdout }: Ended): string => {
  const statuses = stdout.match(/^\d{3}$/gm) ?? []
  const [, state] = [...stdout.matchAll(/"state":"(\w+)"/g)].at(-1) ?? []
  const last = statuses.at(-1)
  return `${state} ${last} x${statuses.filter(each => each === last).length}, exit ${code}${stderr}`
}

it('jobs and scripts that wait are green for an image that comes and for a restart, and red, at once, for one that never comes', async () => {
  const { kubeconfig } = await startPlayground()
  const api = connect(await loadAccess({ kubeconfig, env: {} }))
  onTestFinished(() => api.close())
  const data = Object.fromEntries(
    Object.entries(held).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  await create(api, secrets, 'shop', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'alerts' }, data })
  const cases = [...casesOf('github-actions'), ...casesOf('gitlab-ci'), ...casesOf('curl')]
  const ended = await Promise.all(
    cases.map(async each => {
      const { job, secretsOfJob } = await jobFor(api, each)
      return [each.name, ending(await runJob(each, job, secretsOfJob))]
    }),
  )
  const [good, bad] = ['complete 200 x1, exit 0', 'stalled 422 x1, exit 1']
  const wanted = cases.map(({ name, tag }) => [name, tag === 'missing' ? bad : good])
  expect(Object.fromEntries(ended)).toEqual(Object.fromEntries(wanted))
})

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { blocksIn } from '../deploy/manifests.ts'
import { listen } from '../../src/environment/listen.ts'
import { kubectl } from '../support/kubectl.ts'
import { startPlayground } from '../support/playground.ts'
import { until } from '../support/product.ts'

const folder = 'deploy/examples'
const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8')

/** Starts a playground: the URL of its first hook, and its kubeconfig. */
const start = async () => {
  const { kubeconfig } = await startPlayground()
  const jsonpath = ['-o', 'jsonpath={.status.triggerURL}']
  const url = (await kubectl(kubeconfig, ['get', 'receiverhook', 'web-up', ...jsonpath])).stdout
  return { url, kubeconfig }
}

/** Runs a command with a few variables alone, and answers the JSON that it prints. Rejects when it fails. */
const run = async (command: string, args: readonly string[], env: Record<string, string>): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(command, args, { env: { PATH: process.env['PATH'] ?? '', ...env } })
  return parseJson(stdout)
}

/** Returns what an example is answered that is run twice for one delivery, and then for another. */
const answersOf = async (post: (delivery: string) => Promise<unknown>): Promise<unknown[]> => [
  await post('1001'),
  await post('1001'),
  await post('1002'),
]

const aStepForEach = (from: number, by: number) => [
  { outcome: 'applied', from, to: from + by },
  { outcome: 'skipped', reason: 'Duplicate' },
  { outcome: 'applied', from: from + by, to: from + 2 * by },
]

it('the page on CI shows the examples as they are', () => {
  const page = 'docs/how-to/ci-jobs.md'
  expect(blocksIn(page, 'yaml').slice(0, 2)).toEqual([textOf('github-actions.yaml'), textOf('gitlab-ci.yaml')])
  expect(blocksIn(page, 'sh')[0]).toBe(textOf('curl.sh'))
})

describe('the example', () => {
  it('curl.sh runs a hook once for each key', async () => {
    const { url } = await start()
    const answers = await answersOf(name => run(join(folder, 'curl.sh'), [name], { HOOK_URL: url }))
    expect(answers).toMatchObject(aStepForEach(2, 1))
  })

  it('curl.sh asks for what it needs', async () => {
    const { url } = await start()
    await expect(run(join(folder, 'curl.sh'), ['a'], {})).rejects.toThrow('HOOK_URL')
    await expect(run(join(folder, 'curl.sh'), [], { HOOK_URL: url })).rejects.toThrow('give an idempotency key')
  })

  it('curl.sh tries again after 503 and after a lost answer, with the same key', async () => {
    const names: unknown[] = []
    const server = createServer((request, response) => {
      names.push(request.headers['idempotency-key'])
      if (names.length === 1) response.writeHead(503, { 'retry-after': '1' }).end('{"reason":"ApiUnreachable"}')
      else if (names.length === 2) request.socket.destroy()
      else response.end('{"outcome":"applied"}')
    })
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}`
    const { stdout } = await promisify(execFile)(join(folder, 'curl.sh'), ['once'], {
      env: { PATH: process.env['PATH'] ?? '', HOOK_URL: url },
    })
    expect(stdout).toMatch(/\{"outcome":"applied"\}$/)
    expect(names).toEqual(['"once"', '"once"', '"once"'])
  })

  it('github-actions.yaml runs a hook once for each run', async () => {
    const { url } = await start()
    const workflow: unknown = parse(textOf('github-actions.yaml'), { strict: true })
    const job = at(workflow, 'jobs', 'scale-up')
    expect(isObject(at(workflow, 'on')) && stringAt(job, 'runs-on')).toBe('ubuntu-latest')
    const step = firstOf(at(job, 'steps'))
    const post = (runID: string): Promise<unknown> => {
      const values = new Map([
        ['secrets.HOOK_URL', url],
        ['github.repository', 'octo-org/shop'],
        ['github.run_id', runID],
      ])
      const env = Object.entries(textsAt(step, 'env')).map(([name, text]): [string, string] => [
        name,
        text.replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_, expression: string) => values.get(expression) ?? 'unknown'),
      ])
      return run('bash', ['-e', '-c', stringAt(step, 'run') ?? ''], Object.fromEntries(env))
    }
    expect(await answersOf(post)).toMatchObject(aStepForEach(2, 1))
  })

  it('gitlab-ci.yaml runs a hook once for each pipeline', async () => {
    const { url } = await start()
    const job = at(parse(textOf('gitlab-ci.yaml'), { strict: true }), 'scale-up')
    const script: unknown = at(job, 'script')
    const lines = Array.isArray(script) ? script.map(String).join('\n') : ''
    const post = (pipeline: string): Promise<unknown> =>
      run('sh', ['-e', '-c', lines], { HOOK_URL: url, CI_PROJECT_ID: '15', CI_PIPELINE_ID: pipeline })
    expect(await answersOf(post)).toMatchObject(aStepForEach(2, 1))
  })

  it('cron-job.yaml makes a hook whose URL its container finds, and runs it once for each job', async () => {
    const { kubeconfig } = await start()
    const [hook, cronJob] = textOf('cron-job.yaml')
      .split('\n---\n')
      .map((text): unknown => parse(text, { strict: true }))
    const applied = await kubectl(kubeconfig, ['apply', '-f', '-'], JSON.stringify(hook))
    expect(applied).toMatchObject({ code: 0, stderr: '' })

    const container = firstOf(at(cronJob, 'spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers'))
    const env = at(container, 'env')
    const variables = Array.isArray(env) ? env.filter(isObject) : []
    const secret = variables.map(variable => at(variable, 'valueFrom', 'secretKeyRef')).find(isObject)
    const field = variables.map(variable => stringAt(variable, 'valueFrom', 'fieldRef', 'fieldPath')).find(Boolean)
    expect(field).toBe("metadata.labels['batch.kubernetes.io/job-name']")
    const path = `jsonpath={.data.${stringAt(secret, 'key')}}`
    const { stdout } = await until(
      () => kubectl(kubeconfig, ['-n', 'shop', 'get', 'secret', stringAt(secret, 'name') ?? '', '-o', path]),
      answer => answer.stdout !== '',
    )
    const url = Buffer.from(stdout, 'base64').toString()

    const command: unknown = at(container, 'command')
    const [program = '', ...args] = Array.isArray(command) ? command.map(String) : []
    const post = (job: string): Promise<unknown> => run(program, args, { HOOK_URL: url, DELIVERY: `morning-${job}` })
    expect(variables.map(variable => variable['name'])).toEqual(['HOOK_URL', 'DELIVERY'])
    expect(await answersOf(post)).toMatchObject(aStepForEach(2, 5))
  })
})

const firstOf = (list: unknown): unknown => (Array.isArray(list) ? list[0] : undefined)

const textsAt = (value: unknown, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(at(value, name) ?? {}).map(([key, text]) => [key, String(text)]))

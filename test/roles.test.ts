import { createServer } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { parseJson, stringAt } from '../src/api/json.ts'
import { connectInProcess } from '../apiserver/connection.ts'
import { createApiServer } from '../apiserver/server.ts'
import { crds } from '../src/drivers/registry.ts'
import { listen } from '../src/environment/listen.ts'
import { nodeClock, nodeRandom } from '../src/environment/node.ts'
import { send } from '../src/kube/requests.ts'
import { startRoles } from '../src/roles.ts'
import { fakeClock } from './support/clock.ts'
import { testEnvironment } from './support/environment.ts'
import { until } from './support/product.ts'

const local = { host: '127.0.0.1', port: 0 }

/** Returns both roles, or those that are given, on an API server that has nothing but what `objects` puts there first. */
const started = async (
  objects: readonly (readonly [path: string, object: object])[],
  which = { controller: true, trigger: true },
) => {
  const api = connectInProcess(createApiServer({ clock: nodeClock, random: nodeRandom }))
  for (const [path, object] of objects) await send(api, { method: 'POST', path, body: JSON.stringify(object) })
  const clock = fakeClock()
  const environment = testEnvironment({ api, clock })
  const roles = await startRoles(environment, {
    ...which,
    namespace: 'product',
    identity: 'me',
    publicURL: () => 'http://hooks',
    triggerAddress: local,
    operationsAddress: local,
    shutdownDelayMs: 0,
  })
  onTestFinished(async () => {
    const stopped = roles.stop().then(() => 'stopped')
    await until(
      () => Promise.race([stopped, clock.advance(1000)]),
      is => is === 'stopped',
    )
  })
  const readyz = async (): Promise<string> => {
    await clock.advance(100)
    return await (await fetch(`http://127.0.0.1:${roles.operationsPort}/readyz?verbose`)).text()
  }
  const said = (): string[] => environment.lines.map(line => stringAt(parseJson(line), 'msg') ?? '')
  return { clock, readyz, said, lines: environment.lines, metrics: () => environment.metrics.text() }
}

const definitions = crds.map(crd => ['/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd] as const)
const namespace = ['/api/v1/namespaces', { metadata: { name: 'product' } }] as const

/** Counts how often a sentence is in the log, above `debug`. */
const times = (lines: readonly string[], sentence: string): number =>
  lines.filter(line => line.includes(sentence) && !line.includes('"level":"debug"')).length

it('without its namespace, the product says once how to make it, and /readyz names it', async () => {
  const { clock, lines, readyz } = await started(definitions)
  const sentence =
    'the namespace product does not exist: create it with kubectl create namespace product, or name another with --namespace'
  await until(readyz, text => text.includes(`[-]controller/lease failed: ${sentence}\n`))
  await until(readyz, text => text.includes('[-]trigger/public-keys failed: there is no ConfigMap product/'))
  // The next attempts fail alike.
  await clock.advance(60_000)
  expect(times(lines, sentence)).toBe(1)
})

it('without its CustomResourceDefinitions, it says once how to install them, and /readyz names them', async () => {
  const { clock, lines, readyz } = await started([namespace])
  const sentence =
    'the API server does not know receiverhooks.receiverhooks.dev: install the CustomResourceDefinitions and the admission policies with kubectl apply -k deploy/kustomize/cluster'
  await until(readyz, text => text.includes(`[-]trigger/hooks failed: ${sentence}\n`))
  await clock.advance(60_000)
  expect(times(lines, sentence)).toBe(1)
})

it('with both, every check passes', async () => {
  const { readyz } = await started([...definitions, namespace])
  // Of the caches, the process is sure once the leader has written the Lease. It is ready before that.
  const isAll = (seen: string): boolean => !seen.includes('[-]') && seen.endsWith('readyz check passed\n')
  const text = await until(readyz, isAll)
  expect(text.split('\n').filter(line => line.startsWith('[+]'))).toEqual([
    '[+]shutdown ok',
    '[+]credentials ok',
    '[+]history ok',
    '[+]history/caches ok',
    '[+]trigger/hooks ok',
    '[+]trigger/records ok',
    '[+]trigger/leases ok',
    '[+]trigger/requests ok',
    '[+]trigger/stop ok',
    '[+]trigger/public-keys ok',
    '[+]controller/hooks ok',
    '[+]controller/keys ok',
    '[+]controller/lease ok',
  ])
})

it.each([
  ['the trigger', { controller: false, trigger: true }, ['receiverhooks_step_queue_length']],
  ['the controller', { controller: true, trigger: false }, ['leader_election_master_status']],
  ['both', { controller: true, trigger: true }, ['receiverhooks_step_queue_length', 'leader_election_master_status']],
])('a process with %s has the series by which the alerts know it, from its start', async (_, which, expected) => {
  const { metrics } = await started([...definitions, namespace], which)
  const names = [...(await metrics()).matchAll(/^(\w+)(?:\{.*\})? \S+$/gm)].map(([, name]) => name)
  const marks = ['receiverhooks_step_queue_length', 'leader_election_master_status']
  expect(names).toContain('receiverhooks_build_info')
  expect(names).toContain('receiverhooks_start_time_seconds')
  expect(marks.filter(name => names.includes(name))).toEqual(expected)
})

it('the error for a port in use names its flag', async () => {
  const server = createServer()
  const port = await listen(server, local)
  onTestFinished(() => void server.close())
  await expect(listen(createServer(), { ...local, port, flag: '--trigger-port' })).rejects.toThrow(
    `another program uses port ${port} on 127.0.0.1: end that program, or choose another with --trigger-port PORT (0 takes any free one)`,
  )
})

import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { blockWith } from '../deploy/manifests.ts'
import { chart, helm, withImage } from '../support/helm.ts'
import { kubectl, kubectlPath } from '../support/kubectl.ts'
import { buildPlugin } from '../support/plugin.ts'
import { cluster, post, product, until } from '../support/product.ts'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'
import { applyFlowControl } from './flow-control.ts'
import { installation } from './installation.ts'

// On a control plane of its own: the names of these objects are fixed, and other tests have the base.

let here: ControlPlane
beforeAll(async () => void (here = await startControlPlane()))
afterAll(() => here.stop())

/** What the API server says of a request that it has answered. */
interface Seen {
  readonly path: string
  readonly schema: unknown
  readonly level: unknown
}

/** Returns a connection, and the FlowSchema and level of each answer so far. */
const noted = (api: ApiConnection): { readonly api: ApiConnection; readonly seen: readonly Seen[] } => {
  const seen: Seen[] = []
  return {
    seen,
    api: {
      watch: (request, stop) => api.watch(request, stop),
      request: async request => {
        const answer = await api.request(request)
        const { headers } = answer
        seen.push({
          path: request.path,
          schema: headers['x-kubernetes-pf-flowschema-uid'],
          level: headers['x-kubernetes-pf-prioritylevel-uid'],
        })
        return answer
      },
    },
  }
}

/** Returns how many requests the API server has given to the FlowSchema of all other service accounts, watches included. */
const otherRequests = async (): Promise<number> => {
  const { body } = await here.api.request({ method: 'GET', path: '/metrics', lane: 'bulk', timeoutMs: 10_000 })
  return body
    .split('\n')
    .filter(line => line.startsWith('apiserver_flowcontrol_dispatched_requests_total{flow_schema="service-accounts"'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

it('each request of both accounts is of the FlowSchema that has its name, and of the level of the product', async () => {
  const world = await cluster(here.kubeconfig)
  await world.createDeployment('web', 1)
  const uids = await applyFlowControl(world)
  const { as } = await installation(world)
  const version = { method: 'GET', path: '/version', lane: 'bulk', timeoutMs: 5000 } as const
  for (const [name, api] of Object.entries(as)) {
    await until(
      () => api.request(version),
      ({ headers }) => headers['x-kubernetes-pf-flowschema-uid'] === uids[`receiver-hooks-${name}`],
    )
  }
  const [controller, trigger] = [noted(as.controller), noted(as.trigger)]
  const others = await otherRequests()
  // The controller first: without keys no trigger is ready.
  await product({ ...world, api: controller.api }, { trigger: false, publicURL: 'http://replaced.example.com' })
  const { triggerPort } = await product({ ...world, api: trigger.api }, { controller: false })
  await world.createHook('web-up', { max: 100 })
  const url = `http://127.0.0.1:${triggerPort}${new URL(await world.url('web-up')).pathname}`
  const named = { headers: { 'idempotency-key': 'one' } }
  await until(
    async () => [await post(url), await post(url, undefined, named)],
    answers => answers.every(({ status }) => status === 200),
  )
  for (const [name, { seen }] of Object.entries({ controller, trigger })) {
    const [schema, level] = [uids[`receiver-hooks-${name}`], uids['receiver-hooks']]
    expect(seen.filter(request => request.schema !== schema || request.level !== level)).toEqual([])
  }
  const has = (seen: readonly Seen[], part: string): boolean => seen.some(({ path }) => path.includes(part))
  expect(has(controller.seen, '/leases/')).toBe(true)
  expect(has(trigger.seen, '/deployments/web/scale')).toBe(true)
  expect(has(trigger.seen, '/receiverhookrecords')).toBe(true)
  expect(await otherRequests()).toBe(others)
})

it('the chart makes them, changes nothing on an upgrade, and removes them when turned off and when uninstalled', async () => {
  const run = async (command: string, ...more: readonly string[]): Promise<void> => {
    const release = ['-n', 'receiver-hooks', '--kubeconfig', here.kubeconfig]
    expect(await helm(command, 'receiver-hooks', ...more, ...release)).toMatchObject({ code: 0, stderr: '' })
  }
  const found = async (): Promise<readonly string[]> => {
    const kinds = 'flowschemas,prioritylevelconfigurations'
    const args = ['get', kinds, '-l', 'app.kubernetes.io/name=receiver-hooks', '-o', 'name']
    return (await kubectl(here.kubeconfig, args)).stdout.trim().split('\n').filter(Boolean).sort()
  }
  const all = [
    'flowschema.flowcontrol.apiserver.k8s.io/receiver-hooks-controller',
    'flowschema.flowcontrol.apiserver.k8s.io/receiver-hooks-trigger',
    'prioritylevelconfiguration.flowcontrol.apiserver.k8s.io/receiver-hooks',
  ]
  const values = [...withImage, '--set', 'crds.enabled=false,admissionPolicy.enabled=false']
  const on = ['--set', 'flowControl.enabled=true']
  await run('install', chart, '--create-namespace', ...values, ...on)
  expect(await found()).toEqual(all)
  await run('upgrade', chart, ...values)
  expect(await found()).toEqual([])
  await run('upgrade', chart, ...values, ...on)
  expect(await found()).toEqual(all)
  await run('uninstall')
  expect(await found()).toEqual([])
})

/** Runs the commands of the how-to that add the accounts of a namespace. */
const addAccounts = async (namespace: string): Promise<void> => {
  const block = blockWith(
    'docs/how-to/operate.md#let-alerts-through-while-the-api-server-is-busy',
    'console',
    'kubectl patch flowschema',
  )
  const env = {
    HOME: here.folder,
    KUBECONFIG: here.kubeconfig,
    PATH: `${dirname(await kubectlPath())}:${process.env['PATH'] ?? ''}`,
  }
  await promisify(execFile)('/bin/sh', ['-ec', block.replace('shop', namespace)], { env })
}

it('doctor finds them in order, without their level, for the accounts of another namespace, and missing', async () => {
  const world = await cluster(here.kubeconfig)
  await applyFlowControl(world)
  const plugin = await buildPlugin()
  const found = async (system = world.systemNamespace): Promise<readonly string[]> => {
    const { stdout } = await plugin.run(here.kubeconfig, ['doctor', '-o', 'json', '--system-namespace', system])
    const findings: unknown = parseJson(stdout)
    return (Array.isArray(findings) ? findings : [])
      .filter((finding: unknown) => at(finding, 'about') === 'flow control')
      .map((finding: unknown) => `${stringAt(finding, 'is')}: ${stringAt(finding, 'message')}`)
  }
  const succeed = async (...args: readonly string[]) =>
    expect(await kubectl(here.kubeconfig, args)).toMatchObject({ code: 0, stderr: '' })
  try {
    expect(await found()).toEqual([
      "ok: receiver-hooks-trigger gives the trigger's requests a share of the API server",
      "ok: receiver-hooks-controller gives the controller's requests a share of the API server",
    ])
    expect(await found('elsewhere')).toEqual([
      'warning: receiver-hooks-trigger does not name the service account receiver-hooks-trigger in the namespace ' +
        "elsewhere: while the API server is busy, alerts wait behind other accounts' requests",
      expect.stringMatching(/^warning: receiver-hooks-controller does not name the service account /),
    ])
    await addAccounts('elsewhere')
    expect(await found('elsewhere')).toEqual([expect.stringMatching(/^ok: /), expect.stringMatching(/^ok: /)])
    await succeed('delete', 'flowschema', 'receiver-hooks-trigger')
    await succeed('delete', 'prioritylevelconfiguration', 'receiver-hooks')
    expect(await found()).toEqual([
      expect.stringMatching(/^warning: receiver-hooks-trigger is not there: while the API server is busy, alerts wait/),
      expect.stringMatching(
        /^warning: receiver-hooks-controller names the PriorityLevelConfiguration receiver-hooks, /,
      ),
    ])
  } finally {
    plugin.remove()
  }
})

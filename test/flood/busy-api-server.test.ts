import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { quantile } from '../../bench/stats.ts'
import { send } from '../../src/kube/requests.ts'
import { startControlPlane, type ControlPlane } from '../cluster/control-plane/control-plane.ts'
import { applyFlowControl } from '../cluster/flow-control.ts'
import { installed } from '../cluster/installed.ts'
import { spawnOwned, type OwnedProcess } from '../support/owned-process.ts'
import { cluster, post, until } from '../support/product.ts'

/**
 * Many accounts list again and again, as operators do that start at the same time. The API server answers as many at once as it may,
 * and the others wait. Posts pass them by, with the FlowSchemas of the installation.
 */

/** What the API server answers at once. It is little, so that a small machine can keep it busy. */
const flags = ['--max-requests-inflight=16', '--max-mutating-requests-inflight=8']

const accounts = 150
const atATime = 3
const posts = Number(process.env['BUSY_POSTS'] ?? 20)

let here: ControlPlane
const floods = new Set<OwnedProcess>()

beforeAll(async () => {
  here = await startControlPlane({ flags })
})
afterAll(async () => {
  await Promise.all([...floods].map(flood => flood.end('SIGKILL')))
  await here.stop()
})

const create = (path: string, object: object) => send(here.api, { method: 'POST', path, body: JSON.stringify(object) })

/** Makes a long list that the service accounts of a new namespace may read. */
const makeList = async (namespace: string): Promise<void> => {
  const text = 'x'.repeat(4000)
  await create('/api/v1/namespaces', { metadata: { name: namespace } })
  for (let index = 0; index < 500; index++)
    await create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: `c-${index}` }, data: { text } })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }
  const subjects = [{ apiGroup: roleRef.apiGroup, kind: 'Group', name: `system:serviceaccounts:${namespace}` }]
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`
  await create(path, { metadata: { name: 'view' }, roleRef, subjects })
}

/** Starts the lists, in a process of their own. */
const startFlood = async (namespace: string): Promise<OwnedProcess> => {
  const ca = join(here.folder, 'ca.crt')
  await writeFile(ca, here.ca)
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const args = [here.server, ca, here.tokens.admin, path, namespace, String(accounts), String(atATime)]
  const flood = spawnOwned(process.execPath, [join(import.meta.dirname, 'lister.ts'), ...args], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  floods.add(flood)
  return flood
}

/** Returns the sum of the metrics of this name for a FlowSchema. */
const metric = async (name: string, schema: string): Promise<number> => {
  const { body } = await here.api.request({ method: 'GET', path: '/metrics', lane: 'bulk', timeoutMs: 60_000 })
  return body
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) && line.includes(`flow_schema="${schema}"`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Returns how long the requests of a FlowSchema have waited for a seat so far, in seconds, and how many there were. */
const waitsOf = async (schema: string) => ({
  seconds: await metric('apiserver_flowcontrol_request_wait_duration_seconds_sum', schema),
  requests: await metric('apiserver_flowcontrol_request_wait_duration_seconds_count', schema),
})

/** Sends named posts one after another, as Alertmanager's are. Returns the answers, and how long they took in milliseconds. */
const postAll = async (url: string, title: string): Promise<void> => {
  const latencies: number[] = []
  const answers: Record<string, number> = {}
  for (let index = 0; index < posts; index++) {
    const began = performance.now()
    const answer = await post(url, undefined, { headers: { 'idempotency-key': `${title} ${index}` } }).then(
      ({ status }) => String(status),
      () => 'none',
    )
    latencies.push(performance.now() - began)
    answers[answer] = (answers[answer] ?? 0) + 1
  }
  const [p50 = NaN, p90 = NaN, max = NaN] = [0.5, 0.9, 1].map(share => quantile(latencies, share))
  const figures = `p50 ${p50.toFixed(0)} ms, p90 ${p90.toFixed(0)} ms, at most ${max.toFixed(0)} ms`
  process.stdout.write(`${title}: ${JSON.stringify(answers)}, ${figures}\n`)
}

it('posts wait for a third of the time of the lists at most, with the FlowSchemas of the installation', async () => {
  const world = await cluster(here.kubeconfig)
  await world.createDeployment('web', 1)
  const { url } = await installed(world)
  await world.createHook('web-up', { max: 10_000 })
  const to = await url('web-up')
  await makeList('fat')
  await postAll(to, 'without a flood')
  const flood = await startFlood('fat')
  await until(
    () => metric('apiserver_flowcontrol_current_inqueue_requests', 'service-accounts'),
    waiting => waiting > accounts,
  )
  await postAll(to, 'in the flood, without FlowSchemas')
  await applyFlowControl(world)
  // The trigger proves every second or so that its watches are current.
  await until(
    () => metric('apiserver_flowcontrol_dispatched_requests_total', 'receiver-hooks-trigger'),
    dispatched => dispatched > 0,
  )
  const before = await waitsOf('service-accounts')
  await postAll(to, 'in the flood, with FlowSchemas')
  const [after, own] = [await waitsOf('service-accounts'), await waitsOf('receiver-hooks-trigger')]
  await flood.end('SIGKILL')
  expect(own.requests).toBeGreaterThan(posts)
  const lists = (after.seconds - before.seconds) / (after.requests - before.requests)
  expect(own.seconds / own.requests / lists).toBeLessThan(1 / 3)
}, 600_000)

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAllDocuments } from 'yaml'
import { isObject, stringAt, type JsonObject } from '../../src/api/json.ts'
import { send } from '../../src/kube/requests.ts'
import { deployment } from '../../test/support/objects.ts'
import { apiOf } from '../load/api.ts'
import type { Comparison } from '../row.ts'
import { names, type Stage } from '../stage.ts'
import { quantile } from '../stats.ts'

const name = 'receiver-hooks-trigger'
const account = `system:serviceaccount:receiver-hooks:${name}`
const collection = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicy'

/** Returns what the installation has of this kind for the trigger's account. */
const installed = (kind: string): JsonObject => {
  const file = join(import.meta.dirname, '../../deploy/kustomize/cluster/admission-policies.yaml')
  const found = parseAllDocuments(readFileSync(file, 'utf8'))
    .map(document => {
      const object: unknown = document.toJS()
      return object
    })
    .find(object => stringAt(object, 'kind') === kind && stringAt(object, 'metadata', 'name') === name)
  if (!isObject(found)) throw new Error(`the installation has no ${kind} ${name}`)
  return found
}

/** What the policy that keeps the trigger's account to what hooks do costs each step. */
export const policy: Comparison = {
  kind: 'comparison',
  name: 'policy',
  title: "the marked write as the trigger's account, with the policy that keeps that to what hooks do",
  baseline: 'the same without the policy',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms' },
    { key: 'p99', title: 'p99', unit: 'ms' },
    { key: 'check', title: "in all policies, by the API server's own metric, mean", unit: 'us' },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 30 : 1000
    const targets = await stage.deployments(names('raw', 1))
    const write = async () => {
      const { latencies } = await stage.load.run({ job: 'write', targets, count, concurrency: 1, as: account })
      return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
    }
    // The one in memory has no policies, so it takes no time for them.
    const unchecked = async () => ({ ...(await write()), check: 0 })
    if (stage.server.reached.ca === undefined) return { baseline: unchecked, product: unchecked }
    const figures = async () => {
      const before = await checked(stage)
      const took = await write()
      const after = await checked(stage)
      return { ...took, check: ((after.seconds - before.seconds) / (after.count - before.count)) * 1e6 }
    }
    await allowEverything(stage)
    return {
      baseline: async () => {
        await bind(stage, false)
        return await figures()
      },
      product: async () => {
        await bind(stage, true)
        return await figures()
      },
    }
  },
}

/** Gives the account all rights, so that the policy alone says what it may do, and makes the policy. */
const allowEverything = async ({ server: { api } }: Stage): Promise<void> => {
  const post = (path: string, body: object) => send(api, { method: 'POST', path, body: JSON.stringify(body) })
  await post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: account }],
  })
  await post(collection.replace(/y$/, 'ies'), installed('ValidatingAdmissionPolicy'))
}

/** Binds the policy, or takes that away, and resolves when the API server goes by it. */
const bind = async ({ server: { api, reached } }: Stage, isBound: boolean): Promise<void> => {
  const path = `${collection}bindings`
  const body = JSON.stringify(installed('ValidatingAdmissionPolicyBinding'))
  if (isBound) await send(api, { method: 'POST', path, body })
  else await api.request({ method: 'DELETE', path: `${path}/${name}`, lane: 'bulk', timeoutMs: 10_000 })
  const create = { body: JSON.stringify(deployment('another', 0)), as: account, also: [403, 422] }
  const asked = apiOf(reached)
  const isDenied = async (): Promise<boolean> =>
    (await asked.send('POST', '/apis/apps/v1/namespaces/shop/deployments?dryRun=All', create)).status !== 201
  while ((await isDenied()) !== isBound) await sleep(100)
}

/** Returns how often the API server has asked its policies about an update so far, and how long that took in all. */
const checked = async ({
  server: { reached },
}: Stage): Promise<{ readonly seconds: number; readonly count: number }> => {
  const { text } = await apiOf(reached).send('GET', '/metrics')
  const metric = 'apiserver_admission_controller_admission_duration_seconds'
  const total = (of: 'sum' | 'count'): number =>
    [
      ...text.matchAll(
        new RegExp(`^${metric}_${of}\\{name="ValidatingAdmissionPolicy",operation="UPDATE".*\\} (\\S+)$`, 'gm'),
      ),
    ].reduce((sum, [, value]) => sum + Number(value), 0)
  return { seconds: total('sum'), count: total('count') }
}

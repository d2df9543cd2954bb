import { expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { checkOwners } from '../../cli/doctor/owners.ts'
import type { Cluster } from '../../cli/cluster/cluster.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import type { ApiResponse } from '../../src/environment/environment.ts'
import { hookAt } from '../support/hooks.ts'

const ownedBy = (manager: string): ApiResponse => {
  const managedFields = [{ manager, fieldsV1: { 'f:spec': { 'f:replicas': {} } } }]
  const body = JSON.stringify({ metadata: { name: 'web', uid: 'u', resourceVersion: '1', managedFields } })
  return { status: 200, headers: {}, body }
}

const refusal = (status: number, message: string): ApiResponse => ({
  status,
  headers: {},
  body: JSON.stringify({ kind: 'Status', status: 'Failure', message, code: status }),
})

/** Looks at hooks on an API server that answers so for each target, a moment later. */
const looked = async (found: readonly ReceiverHook[], answer: (target: string) => ApiResponse) => {
  const asked: string[] = []
  let [now, most] = [0, 0]
  const api: Cluster['api'] = {
    watch: () => {
      throw new Error('nothing is watched')
    },
    request: async ({ path }) => {
      asked.push(path)
      most = Math.max(most, ++now)
      await Promise.resolve()
      now -= 1
      return answer(path.split('/').at(-1) ?? '')
    },
  }
  const findings = await checkOwners({ api }, found)
  return { asked, findings, most }
}

const many = (count: number): readonly ReceiverHook[] =>
  Array.from({ length: count }, (_, index) => hookAt(`up-${index}`, `Deployment/web-${index}`))

it('warns for each hook whose count GitOps sets back, and reads each target once', async () => {
  const found = [hookAt('up', 'Deployment/web'), hookAt('down', 'Deployment/web'), hookAt('other', 'Deployment/api')]
  const { asked, findings } = await looked(found, name => ownedBy(name === 'web' ? 'argocd-controller' : 'kubectl'))
  expect(findings.map(({ about }) => about)).toEqual(['shop/up', 'shop/down'])
  expect(asked).toHaveLength(2)
})

it('reads a few targets at a time, and says of how many it does not know it', async () => {
  const { asked, findings, most } = await looked(many(1000), () => ownedBy('kubectl'))
  expect(most).toBeLessThanOrEqual(16)
  expect(asked).toHaveLength(500)
  expect(findings.map(({ message }) => message)).toEqual([expect.stringContaining('for 500 of 1000 targets')])
})

it('says that targets could not be read, and why', async () => {
  const { findings } = await looked(many(2), () => refusal(403, 'you may not get deployments'))
  expect(findings.map(({ message }) => message)).toEqual([expect.stringContaining('you may not get deployments')])
})

it('says so of one that is not answered, and goes on with the others', async () => {
  const { findings } = await looked([hookAt('up', 'Deployment/web'), hookAt('other', 'Deployment/api')], name => {
    if (name === 'api') throw new Unreachable('GET api: connection reset', true)
    return ownedBy('argocd-controller')
  })
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringContaining('argocd-controller sets the replicas'),
    expect.stringContaining('for 1 of 2 targets'),
  ])
})

it('says nothing of targets that are not there: their hooks say it', async () => {
  expect((await looked(many(2), () => refusal(404, 'not found'))).findings).toEqual([])
})

import { expect, inject, it, onTestFinished } from 'vitest'
import { at } from '../../src/api/json.ts'
import { blocksIn } from '../deploy/manifests.ts'
import { defineFleets, look, make, makeAutoscaler } from '../support/counted.ts'
import { fleets } from '../support/fleets.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster, post, product, until } from '../support/product.ts'
import { applyBase, connectionFor, installation, rightsOfBase, rightsOfDriver } from './installation.ts'

const page = 'docs/how-to/scale-an-autoscaler.md'

/** Returns the block of the page that contains a text. */
const blockWith = (text: string): string => {
  const [block, ...others] = blocksIn(page, 'yaml').filter(each => each.includes(text))
  if (block === undefined || others.length > 0) throw new Error(`${page} has no one block with ${text}`)
  return block
}

it('the hook of the page raises the least of an autoscaler', async () => {
  const here = await cluster()
  const { as } = await installation(here, [...rightsOfBase(), ...rightsOfDriver('scale-autoscalers')])
  await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
  const { triggerPort } = await product({ ...here, api: as.trigger }, { controller: false })
  await makeAutoscaler(here, 'web', { minReplicas: 2 })
  const hook = blockWith('name: floor-up').replace('namespace: shop', `namespace: ${here.namespace}`)
  expect(await kubectl(here.kubeconfig, ['apply', '-f', '-'], hook)).toMatchObject({ code: 0, stderr: '' })
  const { pathname } = new URL(await here.url('floor-up'))
  const posted = await post(`http://127.0.0.1:${triggerPort}${pathname}`)
  expect(posted).toMatchObject({ status: 200, body: { outcome: 'applied', from: 2, to: 4 } })
})

it("what the page applies for another custom resource lets it be counted, and keeps the trigger's account to that", async () => {
  await applyBase(inject('kubeconfig'))
  const here = await cluster()
  await defineFleets(here.api)
  // Only what the page gives in addition to the base.
  const { as } = await installation(here, rightsOfBase())
  const own = blockWith('receiver-hooks-fleets')
    .replaceAll('namespace: shop', `namespace: ${here.namespace}`)
    .replaceAll('namespace: receiver-hooks}', `namespace: ${here.systemNamespace}}`)
    .replaceAll('serviceaccount:receiver-hooks:', `serviceaccount:${here.systemNamespace}:`)
  const run = (...args: string[]) => kubectl(here.kubeconfig, [...args, '-f', '-'], own)
  expect(await run('apply')).toMatchObject({ code: 0, stderr: '' })
  onTestFinished(async () => void (await run('delete', '--wait=false')))
  await make(here, fleets, 'north', { size: 1, colour: 'blue' })
  await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
  const { triggerPort } = await product({ ...here, api: as.trigger }, { controller: false })
  await here.createHook('up', { target: { apiVersion: 'counts.example.com/v1', kind: 'Fleet', name: 'north' } })
  const { pathname } = new URL(await here.url('up'))
  const posted = await until(
    () => post(`http://127.0.0.1:${triggerPort}${pathname}`),
    ({ status }) => status === 200,
  )
  expect(posted.body).toMatchObject({ outcome: 'applied', from: 1, to: 2 })
  expect(await look(here, fleets, 'north', 'spec')).toEqual({ size: 2, colour: 'blue' })
  const trigger = await connectionFor(here, 'trigger')
  const patched = async (body: string): Promise<number> => {
    const answer = await trigger.request({
      method: 'PATCH',
      path: `/apis/counts.example.com/v1/namespaces/${here.namespace}/fleets/north`,
      query: { dryRun: 'All' },
      contentType: 'application/merge-patch+json',
      body,
      lane: 'bulk',
      timeoutMs: 5000,
    })
    return answer.status
  }
  // A policy that was just stored is in force a moment later.
  await until(
    () => patched('{"spec":{"colour":"red"}}'),
    status => status === 422,
  )
  for (const member of ['annotations', 'labels'])
    expect(await patched(`{"metadata":{"${member}":{"of-another.example.com/program":"yes"}}}`)).toBe(422)
  expect(await patched('{"spec":{"size":3}}')).toBe(200)
  expect(at(await here.hook('up'), 'status', 'target')).toBe('Fleet/north')
})

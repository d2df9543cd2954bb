import { expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { create, read } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { deployment } from '../support/objects.ts'
import { cluster, deployments, post, postUntilDone, product, until, type Cluster } from '../support/product.ts'

/** Returns the namespaces of three clusters on one API server, each with a Deployment of 2 replicas and the hook `web-up`. */
const threeShops = async (spec: object = {}) => {
  const [here, yard, bank] = [await cluster(), await cluster(), await cluster()]
  for (const shop of [here, yard, bank]) {
    await create(shop.api, deployments, shop.namespace, deployment('web', 2))
    await shop.createHook('web-up', { by: 2 }, spec)
  }
  return { here, yard, bank }
}

const observed = async ({ api, namespace }: Cluster) =>
  at(await read(api, hooks, namespace, 'web-up'), 'status', 'observedGeneration')

it('serves the hooks of the namespaces that it is given, and of no other', async () => {
  const { here, yard, bank } = await threeShops()
  const all = [here, yard, bank].map(({ namespace }) => namespace)
  const first = await product(here, { watchNamespaces: all, publicURL: 'http://hooks.example.com' })
  const pathOf = async (shop: Cluster) => new URL(await shop.url('web-up')).pathname
  const paths = { here: await pathOf(here), yard: await pathOf(yard), bank: await pathOf(bank) }
  await first.stop()

  const { triggerPort } = await product(here, {
    watchNamespaces: all.slice(0, 2),
    publicURL: 'http://hooks.example.com',
  })
  const at = (path: string) => `http://127.0.0.1:${triggerPort}${path}`
  expect(await postUntilDone(at(paths.here))).toMatchObject({ status: 200, body: { from: 2, to: 4 } })
  expect(await postUntilDone(at(paths.yard))).toMatchObject({ status: 200, body: { from: 2, to: 4 } })
  expect(await post(at(paths.bank))).toMatchObject({ status: 404, body: { reason: 'UnknownToken' } })
  expect(await bank.replicas('web')).toBe(2)

  // The hook of the yard is made last, so the controller has seen what there is in the bank, or never will.
  const late = { apiVersion, kind: hookKind, metadata: { name: 'late' } }
  const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } }
  for (const shop of [bank, yard]) await create(shop.api, hooks, shop.namespace, { ...late, spec })
  await yard.url('late')
  expect(stringAt(await bank.hook('late'), 'status', 'triggerURL')).toBeUndefined()
  expect(await observed(bank)).toBe(1)
})

it('ends what is leased in each of its namespaces', async () => {
  const { here, yard } = await threeShops({ for: '2s' })
  await product(here, { watchNamespaces: [here.namespace, yard.namespace] })
  for (const shop of [here, yard]) {
    expect(await postUntilDone(await shop.url('web-up'))).toMatchObject({ status: 200, body: { to: 4 } })
  }
  for (const shop of [here, yard]) {
    await until(
      () => shop.replicas('web'),
      count => count === 2,
    )
  }
})

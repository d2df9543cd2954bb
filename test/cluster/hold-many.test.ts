import { expect, inject, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read, send } from '../../src/kube/requests.ts'
import { controller } from '../support/minting.ts'
import { cluster, deployments, postUntilDone, until, type Cluster } from '../support/product.ts'
import { trigger } from './leases/installed.ts'

const numbers = Array.from({ length: 40 }, (_, index) => index)

/** Returns the count that a workload has of its own. */
const ownOf = (index: number): number => (index % 5) + 1
const own = numbers.map(ownOf)

const annotate = (here: Cluster, name: string, annotations: Readonly<Record<string, string | null>>) =>
  send(here.api, {
    method: 'PATCH',
    path: objectPath(deployments, here.namespace, name),
    query: { fieldManager: 'kubectl-edit' },
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { annotations } }),
  })

/** Makes forty workloads, a hook that puts them to sleep, and a trigger in a process of its own. */
const asleep = async () => {
  const here = await cluster(inject('kubeconfig'))
  for (const index of numbers) await here.createDeployment(`web-${index}`, ownOf(index))
  const hold = { selector: {}, to: 0 }
  await here.createHook('sleep', {}, { driver: 'hold', scale: undefined, hold, for: '2h' })
  const minting = controller(here)
  const { pathname } = new URL(await here.url('sleep'))
  const own = await trigger(here)
  await own.start()
  const post = () =>
    postUntilDone(`http://127.0.0.1:${own.port}${pathname}`, undefined, { headers: { 'idempotency-key': 'tonight' } })
  const counts = () => Promise.all(numbers.map(index => here.replicas(`web-${index}`)))
  const holders = () =>
    Promise.all(
      numbers.map(async index => {
        const object = await read(here.api, deployments, here.namespace, `web-${index}`)
        return at(object, 'metadata', 'annotations', 'receiverhooks.dev/holds')
      }),
    )
  return { here, minting, trigger: own, post, counts, holders }
}

it(
  'forty workloads that are killed in the middle sleep once each, and are all back although no trigger ran at the end',
  {
    timeout: 480_000,
  },
  async () => {
    const { counts, here, holders, minting, post, trigger } = await asleep()
    const cut = post().catch(() => undefined)
    await until(counts, now => now.filter(count => count === 0).length >= 5)
    await trigger.kill()
    const left = (await counts()).filter(count => count > 0).length
    console.log(`${left} of 40 were awake when the trigger was killed`)
    await trigger.start()
    await cut
    await until(post, ({ body }) => body['reason'] === 'Held' || body['reason'] === 'Duplicate')
    expect(new Set(await counts())).toEqual(new Set([0]))
    for (const said of await holders()) expect(said).toContain('"n":{"0":1}')

    await minting.end('SIGKILL')
    await trigger.kill()
    const end = Math.ceil(Date.now() / 1000) * 1000 + 1000
    await here.patchHook('sleep', { spec: { endBefore: new Date(end).toISOString() } })
    await until(
      () => Promise.resolve(Date.now()),
      now => now > end,
    )
    expect(new Set(await counts())).toEqual(new Set([0]))
    await trigger.start()
    // An end that a busy API server refuses or leaves open is tried again minutes later.
    expect(await until(counts, now => now.join() === own.join(), 360_000)).toEqual(own)
    expect(new Set(await holders())).toEqual(new Set(['{}']))
  },
)

it('what the API server refuses of many is named, and held when the same is sent again', async () => {
  const { counts, here, holders, post } = await asleep()
  // No object may have more than 256 KiB of annotations.
  await annotate(here, 'web-7', { 'receiverhooks.test/large': 'x'.repeat(262_000) })
  const partly = await post()
  expect([partly.status, partly.body['reason']]).toEqual([422, 'PartlyDone'])
  expect(partly.body['message']).toMatch(/^held 39 of 40, but not Deployment\/web-7: /)
  expect((await counts())[7]).toBe(ownOf(7))
  await annotate(here, 'web-7', { 'receiverhooks.test/large': null })
  expect((await post()).body).toMatchObject({ reason: 'Held', summary: 'held 40 at 0' })
  expect(new Set(await counts())).toEqual(new Set([0]))
  for (const said of await holders()) expect(said).toContain('"n":{"0":1}')
})

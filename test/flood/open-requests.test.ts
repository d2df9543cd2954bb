import { afterAll, beforeAll, expect, it } from 'vitest'
import { quantile } from '../../bench/stats.ts'
import { at, stringAt } from '../../src/api/json.ts'
import { read, send } from '../../src/kube/requests.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { requests } from '../../src/kube/resources.ts'
import { make } from '../support/counted.ts'
import { cluster, installCrd, post, product, until, type Cluster } from '../support/product.ts'
import { startControlPlane, type ControlPlane } from '../cluster/control-plane/control-plane.ts'

/** How many requests wait for approval, and how many posts of the other tenant are timed. */
const crowd = 10_000
const posts = 400

let controlPlane: ControlPlane
beforeAll(async () => {
  controlPlane = await startControlPlane()
  await installCrd(controlPlane.api)
}, 60_000)
afterAll(() => controlPlane.stop())

const ask = (here: Cluster, name: string) => make(here, requests, name, { hook: 'web-up', by: { user: 'ann' } })

const stateOf = async ({ api, namespace }: Cluster, name: string): Promise<string | undefined> =>
  stringAt(await read(api, requests, namespace, name), 'status', 'state')

it(`${crowd} requests of one tenant wait for approval: the posts of another are answered within a second, and its requests within five`, async () => {
  const [crowded, other] = [await cluster(controlPlane.kubeconfig), await cluster(controlPlane.kubeconfig)]
  await product(other, { watchNamespaces: [crowded.namespace, other.namespace], requests: true })
  for (const here of [crowded, other]) await here.createDeployment('web', 1)
  await crowded.createHook('web-up', { max: 1000 }, { approval: { within: '1h' } })
  await other.createHook('web-up', { max: 100_000 })
  const url = await other.url('web-up')
  const timed = async (): Promise<readonly number[]> => {
    const latencies: number[] = []
    for (let sent = 0; sent < posts; sent++) {
      const began = performance.now()
      expect((await post(url)).status).toBe(200)
      latencies.push(performance.now() - began)
    }
    return latencies
  }
  /** Returns how long a request of the other tenant takes until it has run, in milliseconds. */
  const requested = async (name: string): Promise<number> => {
    const began = performance.now()
    await ask(other, name)
    await until(
      () => stateOf(other, name),
      state => state === 'Done',
    )
    return performance.now() - began
  }

  await timed()
  const before = { posts: await timed(), request: await requested('before') }
  const names = Array.from({ length: crowd }, (_, index) => `r${String(index).padStart(5, '0')}`)
  const left = names.values()
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const name of left) await ask(crowded, name)
    }),
  )
  const during = await requested('during')
  await until(
    () => stateOf(crowded, 'r00000'),
    state => state === 'Awaiting',
  )
  const after = { posts: await timed(), request: await requested('after') }
  const shown = ({ posts, request }: typeof before): string =>
    `posts p50 ${quantile(posts, 0.5).toFixed(1)} ms, p99 ${quantile(posts, 0.99).toFixed(1)} ms; a request ${request.toFixed(0)} ms`
  console.log(
    `before: ${shown(before)}\nright after the last of ${crowd}: a request ${during.toFixed(0)} ms\nwith ${crowd}: ${shown(after)}`,
  )
  // All but sixteen are refused one after another meanwhile, on the API server of both.
  expect(quantile(after.posts, 0.99)).toBeLessThan(1000)
  expect(Math.max(during, after.request)).toBeLessThan(5000)

  const found = await read(crowded.api, requests, crowded.namespace, 'r00000')
  const effect = stringAt(found, 'status', 'effect', 'digest')
  const path = objectPath(requests, crowded.namespace, 'r00000')
  const decision = { is: 'Approved', by: 'bob', effect }
  await send(crowded.api, {
    ...{ method: 'PATCH', path, contentType: 'application/merge-patch+json' },
    body: JSON.stringify({ spec: { decision } }),
  })
  await until(
    () => stateOf(crowded, 'r00000'),
    state => state === 'Done',
  )
  expect(await crowded.replicas('web')).toBe(2)
  expect(at(await read(crowded.api, requests, crowded.namespace, 'r00000'), 'status', 'answer', 'status')).toBe(200)
})

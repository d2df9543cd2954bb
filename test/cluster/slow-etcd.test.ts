import { expect, it, onTestFinished } from 'vitest'
import { at } from '../../src/api/json.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { cluster, post, until, type Cluster } from '../support/product.ts'
import { startControlPlane } from './control-plane/control-plane.ts'
import { installed, type Installed } from './installed.ts'
import {
  createTargets,
  deleteHook,
  expectExact,
  expectGone,
  isOrderly503,
  posting,
  reopenedWithinMs,
  served,
  tried,
  type Posting,
} from './posting.ts'
import { tcpProxy, type TcpProxy } from './tcp-proxy.ts'

const targets = ['web-0', 'web-1']

/**
 * Returns a product with an API server that reaches its etcd over a network, which a test can make
 * slow.
 */
const behindNetwork = async (): Promise<{
  here: Cluster & Installed
  network: TcpProxy
  senders: () => Promise<Posting>
}> => {
  const proxies: TcpProxy[] = []
  const { kubeconfig, stop } = await startControlPlane({
    etcdBehind: async port => {
      proxies.push(await tcpProxy(port))
      return proxies[0]?.port ?? port
    },
  })
  onTestFinished(stop)
  const [network] = proxies
  if (network === undefined) throw new Error('a control plane has an etcd')
  const plain = await cluster(kubeconfig)
  const here = { ...plain, ...(await installed(plain)) }
  await createTargets(here, targets)
  const senders = async (): Promise<Posting> => {
    const urls = new Map<string, string>()
    for (const name of targets) urls.set(name, await here.url(name))
    return posting(urls, 4)
  }
  return { here, network, senders }
}

it('an etcd that takes 200 ms to answer makes posts slow and nothing else', async () => {
  const { here, network, senders } = await behindNetwork()
  await here.createHook('to-delete', {})
  const deleted = await here.url('to-delete')
  network.delay(100)
  const posts = await senders()
  await wait(nodeClock, 4000)
  await served(posts, 10)
  const tallies = await posts.end()
  await expectExact(here, tallies)
  // On a busy machine, a post may be too late.
  for (const { counts, others, unanswered } of tallies.values())
    expect(counts.length).toBeGreaterThan(others.length + unanswered)

  await here.createDeployment('web', 1)
  await here.createHook('web-up', {})
  expect((await post(await here.url('web-up'))).body).toMatchObject({ outcome: 'applied', from: 1, to: 2 })
  await deleteHook(here, 'to-delete')
  await expectGone(deleted)
})

it('an etcd that takes longer than a post can wait: posts get 503 or no answer, and then both roles go on', async () => {
  const { here, network, senders } = await behindNetwork()
  await here.createHook('to-delete', {})
  const deleted = await here.url('to-delete')
  const posts = await senders()
  await served(posts, 20)

  network.delay(3000)
  const slowUntil = nodeClock.monotonic() + 15_000
  await deleteHook(here, 'to-delete')
  await wait(nodeClock, 1000)
  expect(await tried(deleted)).toSatisfy(isOrderly503)
  await wait(nodeClock, Math.max(0, slowUntil - nodeClock.monotonic()))
  network.delay(0)

  await here.createDeployment('web', 1)
  await here.createHook('after', {})
  await until(
    () => here.hook('after'),
    hook => at(hook, 'status', 'triggerURL') !== undefined,
    reopenedWithinMs,
  )
  const tallies = await posts.end()
  await expectExact(here, tallies)
  for (const [name, { others, unanswered }] of tallies) {
    expect(others.length + unanswered, `${name}: posts met the slow etcd`).toBeGreaterThan(0)
  }
  expect((await post(await here.url('after'))).body).toMatchObject({ outcome: 'applied', from: 1, to: 2 })
  await expectGone(deleted)
})

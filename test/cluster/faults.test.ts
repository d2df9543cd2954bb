import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { cluster, post, until, type Cluster } from '../support/product.ts'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'
import { kubeconfigFor } from './control-plane/kubeconfig.ts'
import { installed } from './installed.ts'
import {
  createTargets,
  deleteHook,
  expectExact,
  expectGone,
  isAnswered,
  isOrderly503,
  posting,
  reopenedWithinMs,
  served,
  tried,
} from './posting.ts'
import { tcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** How long it takes to notice that a watch is silent, and to open it again, in milliseconds. */
const givenUpWithinMs = 80_000

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
})
afterAll(() => controlPlane.stop())

describe('an API server that is killed', () => {
  it('three times while posts run, loses and doubles no step', async () => {
    const here = await cluster(controlPlane.kubeconfig)
    const targets = ['web-0', 'web-1', 'web-2', 'web-3']
    const { url } = await installed(here)
    await createTargets(here, targets)
    const urls = new Map<string, string>()
    for (const name of targets) urls.set(name, await url(name))

    const senders = posting(urls, 4)
    // The last outage is longer than a post can wait.
    for (const outageMs of [0, 500, 5000]) {
      await wait(nodeClock, 1000)
      await controlPlane.killApiServer()
      await wait(nodeClock, outageMs)
      await controlPlane.startApiServer()
    }
    const before = senders.served()
    await served(senders, before + 20)
    const tallies = await senders.end()
    await expectExact(here, tallies)
    for (const [name, { others, unanswered }] of tallies) {
      expect(others.length + unanswered, `${name}: posts met the outage`).toBeGreaterThan(0)
    }
  })

  it('and comes back after 20 s, gets posts 503 with Retry-After meanwhile, and then both roles go on', async () => {
    const here = await cluster(controlPlane.kubeconfig)
    await here.createDeployment('web', 1)
    const product = await installed(here)
    await here.createHook('web-up', {})
    await here.createHook('to-delete', {})
    const [url, toDelete] = [await product.url('web-up'), await product.url('to-delete')]

    await controlPlane.killApiServer()
    const backAt = nodeClock.monotonic() + 20_000
    while (nodeClock.monotonic() < backAt) {
      expect(await tried(url)).toSatisfy(isOrderly503)
      await wait(nodeClock, 500)
    }
    await controlPlane.startApiServer()

    // The trigger reads hooks live until its watch is open again; the controller has to wait for its own.
    expect(await until(() => post(url), isAnswered(200))).toMatchObject({ body: { from: 1, to: 2 } })
    await here.createHook('after', {})
    await until(
      () => here.hook('after'),
      hook => at(hook, 'status', 'triggerURL') !== undefined,
      reopenedWithinMs,
    )
    expect((await post(await product.url('after'))).status).toBe(200)
    await deleteHook(here, 'to-delete')
    await until(() => post(toDelete), isAnswered(410))
  })
})

describe('a connection to the API server', () => {
  /** Returns a product that reaches the API server through a proxy; the test itself does not. */
  const behindProxy = async (): Promise<{ here: Cluster; proxy: TcpProxy }> => {
    const { ca, folder, kubeconfig, server, tokens } = controlPlane
    const proxy = await tcpProxy(Number(new URL(server).port))
    const here = await cluster(kubeconfig)
    const proxied = join(folder, `kubeconfig-${proxy.port}`)
    await writeFile(proxied, kubeconfigFor({ server: `https://127.0.0.1:${proxy.port}`, ca }, tokens.admin))
    await here.createDeployment('web', 1)
    return { here: { ...here, ...(await installed({ ...here, kubeconfig: proxied })) }, proxy }
  }

  it('that is cut is opened again, and what was deleted meanwhile is gone within a second', async () => {
    const { here, proxy } = await behindProxy()
    await here.createHook('web-up', {})
    const url = await here.url('web-up')
    for (let round = 0; round < 5; round++) {
      await here.createHook(`hook-${round}`, {})
      const deleted = await here.url(`hook-${round}`)
      proxy.cut()
      await deleteHook(here, `hook-${round}`)
      await expectGone(deleted)
    }
    expect((await post(url)).body).toMatchObject({ outcome: 'applied' })
  })

  it('that goes silent is given up after its bookmarks are due, and deletions and new hooks are seen then', async () => {
    const { here, proxy } = await behindProxy()
    await here.createHook('web-up', {})
    const url = await here.url('web-up')
    proxy.silence()
    await deleteHook(here, 'web-up')
    await here.createHook('next', {})
    await until(() => tried(`${url}?dryRun=true`), isAnswered(410), givenUpWithinMs)
    // Each role gives up a watch of its own. One that was not open yet, when all fell silent, is given up much sooner.
    await until(
      () => here.hook('next'),
      hook => at(hook, 'status', 'triggerURL') !== undefined,
      givenUpWithinMs,
    )
    expect((await post(await here.url('next'))).body).toMatchObject({ outcome: 'applied', from: 1, to: 2 })
  }, 200_000)
})

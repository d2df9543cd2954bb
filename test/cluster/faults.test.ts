import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { cluster, post, until, type Cluster, type Posted } from '../support/product.ts'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'
import { kubeconfigFor } from './control-plane/kubeconfig.ts'
import { installed } from './installed.ts'
import { tcpProxy, type TcpProxy } from './tcp-proxy.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 90_000)
afterAll(() => controlPlane.stop())

/** Attempts to open a watch stand this far apart, at most, in milliseconds. */
const reopenedWithinMs = 30_000

/** A post's answer, or what became of its connection. */
const tried = async (url: string): Promise<Posted | 'no answer'> => {
  try {
    return await post(url)
  } catch {
    return 'no answer'
  }
}

const isAnswered =
  (status: number) =>
  (answer: Posted | 'no answer'): boolean =>
    answer !== 'no answer' && answer.status === status

const isOrderly503 = (answer: Posted | 'no answer'): boolean =>
  answer !== 'no answer' && answer.status === 503 && answer.headers.get('retry-after') !== null

/** What a sender saw of one hook. */
interface Tally {
  /** The counts that a 200 named, in the order of the answers. */
  readonly counts: number[]
  readonly others: Posted[]
  unanswered: number
}

/** Posts without a pause until `stop` is aborted. */
const postOn = async (url: string, tally: Tally, stop: AbortSignal): Promise<void> => {
  while (!stop.aborted) {
    const answer = await tried(url)
    if (answer === 'no answer') tally.unanswered += 1
    else if (answer.status === 200) tally.counts.push(Number(answer.body['to']))
    else tally.others.push(answer)
  }
}

const deleteHook = async ({ api, namespace }: Cluster, name: string): Promise<void> => {
  await api.request({ method: 'DELETE', path: objectPath(hooks, namespace, name), lane: 'bulk', timeoutMs: 5000 })
}

describe('an API server that is killed', () => {
  it('three times while posts run, loses and doubles no step', async () => {
    const here = await cluster(controlPlane.kubeconfig)
    const targets = ['web-0', 'web-1', 'web-2', 'web-3']
    for (const name of targets) await here.createDeployment(name, 0)
    const { url } = await installed(here)
    for (const name of targets) await here.createHook(name, { target: { name }, max: 1_000_000 })
    const urls = await Promise.all(targets.map(url))

    const tallies = targets.map((): Tally => ({ counts: [], others: [], unanswered: 0 }))
    const stop = new AbortController()
    const senders = Array.from({ length: 16 }, (_, index) => {
      const [url, tally] = [urls[index % urls.length], tallies[index % urls.length]]
      if (url === undefined || tally === undefined) throw new Error('every sender has a hook')
      return postOn(url, tally, stop.signal)
    })
    // The last outage is longer than a post can wait.
    for (const outageMs of [0, 500, 5000]) {
      await wait(nodeClock, 1000)
      await controlPlane.killApiServer()
      await wait(nodeClock, outageMs)
      await controlPlane.startApiServer()
    }
    await wait(nodeClock, 2000)
    stop.abort()
    await Promise.all(senders)

    for (const [index, name] of targets.entries()) {
      const { counts, others, unanswered } = tallies[index] ?? { counts: [], others: [], unanswered: NaN }
      const count = await here.replicas(name)
      expect(new Set(counts).size, `${name}: two posts were told the same count`).toBe(counts.length)
      expect(count, `${name}: each 200 is a step`).toBeGreaterThanOrEqual(counts.length)
      expect(count, `${name}: nothing else is one`).toBeLessThanOrEqual(counts.length + unanswered)
      expect(counts.length, `${name}: posts were served`).toBeGreaterThan(20)
      expect(others.filter(answer => !isOrderly503(answer)).map(({ body }) => body)).toEqual([])
      expect(others.length, `${name}: posts met the outage`).toBeGreaterThan(0)
    }
  }, 90_000)

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
      const began = nodeClock.monotonic()
      expect(await tried(url)).toSatisfy(isOrderly503)
      expect(nodeClock.monotonic() - began).toBeLessThan(5000)
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
  }, 90_000)
})

describe('a connection to the API server', () => {
  /** A product that reaches the API server through a proxy; the test itself does not. */
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
      await until(() => post(deleted), isAnswered(410), 1000)
    }
    expect((await post(url)).body).toMatchObject({ outcome: 'applied' })
  }, 60_000)

  it('that goes silent is given up after its bookmarks are due, and deletions and new hooks are seen then', async () => {
    const { here, proxy } = await behindProxy()
    await here.createHook('web-up', {})
    const url = await here.url('web-up')
    proxy.silence()
    await deleteHook(here, 'web-up')
    await here.createHook('next', {})
    await until(() => tried(`${url}?dryRun=true`), isAnswered(410), 80_000)
    expect((await post(await here.url('next'))).body).toMatchObject({ outcome: 'applied', from: 1, to: 2 })
  }, 120_000)
})

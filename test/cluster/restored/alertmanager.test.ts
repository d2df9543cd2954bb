import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { commandLine } from '../../support/command-line.ts'
import { cluster, post, until } from '../../support/product.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { freePort } from '../control-plane/ports.ts'
import { counting, mount, patienceMs, secretOf, startAlerting, ways, type Way } from './mounted.ts'
import { restoreHigher, revoke, startEmpty, stopOrStart } from './page.ts'
import { kept, snapshotOf } from './restored.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 300_000)
afterAll(() => controlPlane.stop())

/** Starts the product, a hook for each way, and what mounts their Secrets. */
const installed = async () => {
  const here = await cluster(controlPlane.kubeconfig)
  await here.createDeployment('web', 1)
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const flags = ['--namespace', here.systemNamespace, '--kubeconfig', here.kubeconfig, '--host', '127.0.0.1']
  const common = [...flags, '--shutdown-delay', '0', '--operations-port', '0']
  const controller = kept(['serve', 'controller', ...common, '--public-url', origin])
  const trigger = kept(['serve', 'trigger', ...common, '--trigger-port', `${port}`])
  for (const way of ways) {
    await here.createHook(secretOf(way), { max: 1000 }, { token: { secretName: secretOf(way) } })
    await here.url(secretOf(way))
  }
  const folder = join(controlPlane.folder, 'mounted')
  const over = new AbortController()
  const mounted = mount(here, folder, over.signal)
  const mounting = mounted.run()
  onTestFinished(async () => {
    over.abort()
    await mounting
  })
  const mountedAfter = (way: Way, former: string) =>
    until(
      () => mounted.now(way),
      url => url !== '' && url !== former,
      patienceMs,
    )
  for (const way of ways) await mountedAfter(way, '')
  const command = async (line: string): Promise<string> => {
    const ran = await commandLine(here.kubeconfig, line.split(' '))
    expect(ran).toMatchObject({ code: 0 })
    return ran.stdout
  }
  const urls = () => Promise.all(ways.map(mounted.now))
  return {
    ...here,
    controller,
    trigger,
    endpoint: `${origin}/v1/trigger`,
    folder,
    urls,
    /** Does what makes new URLs, and resolves when all are mounted. */
    newURLs: async (make: () => Promise<unknown>): Promise<void> => {
      const former = await urls()
      await make()
      await Promise.all(ways.map((way, index) => mountedAfter(way, former[index] ?? '')))
    },
    keys: (line: string): Promise<string> => command(`keys --system-namespace ${here.systemNamespace} ${line}`),
    rotateAll: async (): Promise<void> => {
      for (const way of ways) await command(`rotate ${secretOf(way)} -n ${here.namespace}`)
    },
  }
}

it('a real Alertmanager with mounted Secrets delivers through new URLs, new keys, restarts and a restore', async () => {
  const here = await installed()
  const { controller, keys, newURLs, rotateAll, trigger } = here
  const alertmanagers = await Promise.all(ways.map(way => startAlerting(way, here.folder, here.endpoint)))
  const { said, through } = counting(alertmanagers)
  const none = ways.map(() => 0)
  const nothing = () => Promise.resolve()

  expect(await through('at first', nothing)).toEqual(none)
  expect(await through('new URLs', () => newURLs(rotateAll))).toEqual(none)
  const kid = (await keys('list')).split(' ')[0] ?? ''
  expect(await through('a new key', () => newURLs(() => keys('rotate')))).toEqual(none)
  expect(await through('the end of the former key', () => keys(`drop ${kid}`))).toEqual(none)
  expect(await through('the controller restarted', () => controller.restart())).toEqual(none)
  expect(await through('the trigger restarted', () => trigger.restart())).toEqual(none)

  const { folder: snapshot } = await snapshotOf(controlPlane)
  expect(await through('a snapshot', nothing)).toEqual(none)
  const restore = async (): Promise<void> => {
    await controlPlane.changeEtcdBeneath(restoreHigher(snapshot))
    await controlPlane.killApiServer()
    await controlPlane.startApiServer()
    await startEmpty(here)
  }
  expect(await through('a restore', restore)).toEqual(none)

  expect(await through('new URLs after a snapshot', () => newURLs(rotateAll))).toEqual(none)
  // Until a file is up to date again, its URL is newer than its hook, and gets 410: the page says so.
  await through('a restore that gives former URLs back', () => newURLs(restore))
  const revokeAll = async (): Promise<void> => {
    await stopOrStart(here, 'stop')
    const former = await here.urls()
    await newURLs(async () => {
      for (const way of ways) await revoke(here, 'rotate', secretOf(way))
    })
    const statuses = () => Promise.all(former.map(async url => (await post(url)).status))
    await until(statuses, all => all.every(status => status === 410), patienceMs)
    await stopOrStart(here, 'start')
  }
  expect(await through('the end of URLs that a restore has given back', revokeAll)).toEqual(none)
  expect(await through('after all', nothing)).toEqual(none)
  console.log(said.join('\n'))
}, 1_800_000)

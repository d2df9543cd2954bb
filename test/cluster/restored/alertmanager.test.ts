import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startAlertmanager, type Alertmanager } from '../../../scripts/demo/alertmanager.ts'
import { stringAt } from '../../../src/api/json.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { read } from '../../../src/kube/requests.ts'
import { secrets } from '../../../src/kube/resources.ts'
import { commandLine } from '../../support/command-line.ts'
import { cluster, post, until, type Cluster } from '../../support/product.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { freePort } from '../control-plane/ports.ts'
import { restoreHigher, revoke, say, startEmpty } from './page.ts'
import { kept, snapshotOf } from './restored.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 300_000)
afterAll(() => controlPlane.stop())

/** How often the files of mounted Secrets are brought up to date, in milliseconds. The kubelet does so once a minute. */
const mountedEveryMs = 3_000

/** How many notifications show that delivery goes on. */
const enough = 5

/** How long something may take on a machine that is busy, in milliseconds. */
const patienceMs = 240_000

/** Alertmanager has a hook's URL in a file, or its token. Each way has a hook and an Alertmanager of its own. */
const ways = ['url_file', 'credentials_file'] as const
type Way = (typeof ways)[number]
const secretOf = (way: Way): string => `web-${way.replace('_', '-')}`

/** Keeps the files of mounted Secrets up to date as the kubelet does: a reader sees the whole of one value. */
const mount = ({ api, namespace }: Cluster, folder: string, stop: AbortSignal) => {
  const look = async (): Promise<void> => {
    for (const way of ways) {
      const secret = await read(api, secrets, namespace, secretOf(way)).catch(() => undefined)
      for (const key of ['url', 'token']) {
        const value = stringAt(secret, 'data', key)
        if (value === undefined) continue
        const file = join(folder, secretOf(way), key)
        await mkdir(join(folder, secretOf(way)), { recursive: true })
        await writeFile(`${file}.next`, Buffer.from(value, 'base64'))
        await rename(`${file}.next`, file)
      }
    }
  }
  const run = async (): Promise<void> => {
    while (!stop.aborted) {
      await look()
      await wait(nodeClock, mountedEveryMs, stop)
    }
  }
  return { run, now: (way: Way) => readFile(join(folder, secretOf(way), 'url'), 'utf8').catch(() => '') }
}

/**
 * Starts an Alertmanager which gets a new alert every second, and sends each to the hook as a notification of its own. It tries a
 * notification again, after 5xx and without an answer, for as long as its `group_interval`; but not after 4xx.
 */
const startAlerting = async (way: Way, folder: string, endpoint: string): Promise<Alertmanager> => {
  const port = await freePort()
  const file = (key: string): string => join(folder, secretOf(way), key)
  const webhook =
    way === 'url_file'
      ? { url_file: file('url') }
      : { url: endpoint, http_config: { authorization: { credentials_file: file('token') } } }
  const intervals = { group_wait: '0s', group_interval: '5m', repeat_interval: '12h' }
  const config = {
    route: { receiver: 'hook', group_by: ['number'], ...intervals },
    receivers: [{ name: 'hook', webhook_configs: [webhook] }],
  }
  const alertmanager = await startAlertmanager({ name: secretOf(way), folder, port, config })
  onTestFinished(() => alertmanager.end('SIGKILL'))
  const headers = { 'content-type': 'application/json' }
  const endsAt = new Date(nodeClock.now() + 86_400_000)
  const over = new AbortController()
  const alerting = (async () => {
    for (let number = 1; !over.signal.aborted; number++) {
      const body = JSON.stringify([{ labels: { alertname: 'WebBusy', number: `${number}` }, endsAt }])
      const posted = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, { method: 'POST', headers, body })
      expect(posted.status).toBe(200)
      await wait(nodeClock, 1_000, over.signal)
    }
  })()
  onTestFinished(() => {
    over.abort()
    return alerting
  })
  return alertmanager
}

it('a real Alertmanager with mounted Secrets delivers through new URLs, new keys, restarts and a restore', async () => {
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
  const over = new AbortController()
  const folder = join(controlPlane.folder, 'mounted')
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
  const alertmanagers = await Promise.all(ways.map(way => startAlerting(way, folder, `${origin}/v1/trigger`)))

  const counted = (counter: string) => Promise.all(alertmanagers.map(alertmanager => alertmanager.webhooks(counter)))
  const failed = () => counted('notifications_failed_total')
  const succeeded = async (): Promise<readonly number[]> => {
    const [all, not] = [await counted('notifications_total'), await failed()]
    return all.map((count, index) => count - (not[index] ?? 0))
  }
  /** Waits until each Alertmanager has delivered some more. */
  const deliversOn = async (): Promise<void> => {
    const before = await succeeded()
    await until(succeeded, now => now.every((count, index) => count >= (before[index] ?? 0) + enough), patienceMs)
  }
  const said: string[] = []
  /** Does something, sees that delivery goes on, and returns how many notifications failed since it began. */
  const through = async (what: string, change: () => Promise<void>): Promise<readonly number[]> => {
    const [before, tried] = [await failed(), await counted('notification_requests_failed_total')]
    await change()
    await deliversOn()
    const more = (await failed()).map((count, index) => count - (before[index] ?? 0))
    const again = (await counted('notification_requests_failed_total')).map((one, index) => one - (tried[index] ?? 0))
    said.push(`${what}: ${more.join(' and ')} notifications failed, ${again.join(' and ')} requests`)
    return more
  }
  const command = async (line: string): Promise<string> => {
    const ran = await commandLine(here.kubeconfig, line.split(' '))
    expect(ran).toMatchObject({ code: 0 })
    return ran.stdout
  }
  const keys = (line: string): Promise<string> => command(`keys --system-namespace ${here.systemNamespace} ${line}`)
  const newURLs = async (make: () => Promise<unknown>): Promise<void> => {
    const former = await Promise.all(ways.map(mounted.now))
    await make()
    await Promise.all(ways.map((way, index) => mountedAfter(way, former[index] ?? '')))
  }
  const rotateAll = async (): Promise<void> => {
    for (const way of ways) await command(`rotate ${secretOf(way)} -n ${here.namespace}`)
  }
  const none = ways.map(() => 0)

  expect(await through('at first', async () => undefined)).toEqual(none)
  expect(await through('new URLs', () => newURLs(rotateAll))).toEqual(none)
  const kid = (await keys('list')).split(' ')[0] ?? ''
  expect(await through('a new key', () => newURLs(() => keys('rotate')))).toEqual(none)
  expect(await through('the end of the former key', async () => void (await keys(`drop ${kid}`)))).toEqual(none)
  expect(await through('the controller restarted', () => controller.restart())).toEqual(none)
  expect(await through('the trigger restarted', () => trigger.restart())).toEqual(none)

  const { folder: snapshot } = await snapshotOf(controlPlane)
  expect(await through('a snapshot', async () => undefined)).toEqual(none)
  const restore = async (): Promise<void> => {
    await controlPlane.changeEtcdBeneath(restoreHigher(snapshot))
    await controlPlane.killApiServer()
    await controlPlane.startApiServer()
    await startEmpty({ ...here, controller, trigger })
  }
  expect(await through('a restore', restore)).toEqual(none)

  expect(await through('new URLs after a snapshot', () => newURLs(rotateAll))).toEqual(none)
  // Until a file is up to date again, its URL is newer than its hook, and gets 410: the page says so.
  await through('a restore that gives former URLs back', () => newURLs(restore))
  const revokeAll = async (): Promise<void> => {
    await say(here, 'stop')
    const former = await Promise.all(ways.map(mounted.now))
    await newURLs(async () => {
      for (const way of ways) await revoke(here, 'rotate', secretOf(way))
    })
    const answers = () => Promise.all(former.map(async url => (await post(url)).status))
    await until(answers, statuses => statuses.every(status => status === 410), patienceMs)
    await say(here, 'start')
  }
  expect(await through('the end of URLs that a restore has given back', revokeAll)).toEqual(none)
  expect(await through('after all', async () => undefined)).toEqual(none)
  console.log(said.join('\n'))
}, 1_800_000)

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { startAlertmanager, type Alertmanager } from '../../../scripts/demo/alertmanager.ts'
import { stringAt } from '../../../src/api/json.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { read } from '../../../src/kube/requests.ts'
import { secrets } from '../../../src/kube/resources.ts'
import { until, type Cluster } from '../../support/product.ts'
import { freePort } from '../control-plane/ports.ts'

/** How often the files of mounted Secrets are brought up to date, in milliseconds. The kubelet does so once a minute. */
const mountedEveryMs = 3_000

/** How many notifications show that delivery goes on. */
const enough = 5

/** How long something may take on a machine that is busy, in milliseconds. */
export const patienceMs = 240_000

/** Alertmanager has a hook's URL in a file, or its token. Each way has a hook and an Alertmanager of its own. */
export const ways = ['url_file', 'credentials_file'] as const
export type Way = (typeof ways)[number]
export const secretOf = (way: Way): string => `web-${way.replace('_', '-')}`

/** Keeps the files of mounted Secrets up to date as the kubelet does: a reader sees the whole of one value. */
export const mount = ({ api, namespace }: Cluster, folder: string, stop: AbortSignal) => {
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
export const startAlerting = async (way: Way, folder: string, endpoint: string): Promise<Alertmanager> => {
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

/** Counts the notifications of some Alertmanagers, in a list with one count each. */
export const counting = (alertmanagers: readonly Alertmanager[]) => {
  const counted = (counter: string) => Promise.all(alertmanagers.map(alertmanager => alertmanager.webhooks(counter)))
  const failed = () => counted('notifications_failed_total')
  const failedRequests = () => counted('notification_requests_failed_total')
  const succeeded = async (): Promise<readonly number[]> => less(await counted('notifications_total'), await failed())
  const said: string[] = []
  return {
    said,
    /** Does something, sees that delivery goes on, and returns how many notifications failed since it began. */
    through: async (what: string, change: () => Promise<unknown>): Promise<readonly number[]> => {
      const [before, requestsBefore] = [await failed(), await failedRequests()]
      await change()
      const changed = await succeeded()
      await until(succeeded, now => less(now, changed).every(more => more >= enough), patienceMs)
      const [notifications, requests] = [less(await failed(), before), less(await failedRequests(), requestsBefore)]
      said.push(`${what}: ${notifications.join(' and ')} notifications failed, ${requests.join(' and ')} requests`)
      return notifications
    },
  }
}

const less = (these: readonly number[], those: readonly number[]): readonly number[] =>
  these.map((number, index) => number - (those[index] ?? 0))

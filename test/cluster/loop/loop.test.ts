import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startAlertmanager } from '../../../scripts/demo/alertmanager.ts'
import { exampleRoutes, exampleRules, exampleThresholds } from '../../../scripts/demo/examples.ts'
import { startPrometheus } from '../../../scripts/demo/prometheus.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { freePort } from '../control-plane/ports.ts'
import { startWorkloads } from '../control-plane/workloads.ts'
import { textOf } from './delivered.ts'
import { openGate } from './gate.ts'
import { pictureOf } from './picture.ts'
import { openShop, writeUrls, type HookName, type Shop } from './shop.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
  await startWorkloads(controlPlane)
})
afterAll(() => controlPlane.stop())

/** A repeat comes every `groupInterval`. */
const intervals = { groupWait: '1s', groupInterval: '2s', repeatInterval: '1s' }

/**
 * Starts Prometheus and an Alertmanager that watch a shop, until the test ends. A step has to show
 * in what the rules see before the next repeat, and on a busy machine pods take long. So the answer
 * to the last needed step waits until Alertmanager has received the new load. A repeat comes a
 * `repeatInterval` after an answer at the earliest.
 */
const watchOver = async (shop: Shop) => {
  const { isEnough, load, until } = shop
  const folder = controlPlane.folder
  const port = await freePort()
  const { notifications, rule, urls } = await openGate(shop)
  const config = exampleRoutes(intervals, await writeUrls(join(folder, 'urls'), urls))
  const alertmanager = await startAlertmanager({ name: 'alertmanager', folder, port, config })
  onTestFinished(() => alertmanager.end('SIGKILL'))
  const shown = async (): Promise<void> => {
    if (await isEnough()) await until(alertmanager.firing, count => count === 0)
  }
  rule(({ status }) => ({ answer: 'passed on', ...(status === 'firing' && { when: shown }) }))
  const prometheus = await startPrometheus({
    name: 'prometheus',
    folder,
    rules: exampleRules(),
    load: load.port,
    alertmanagers: [port],
    // A scrape may take as long: where one fails, there is no load, and an alert is over that is not.
    scrapeInterval: '1s',
    evaluationInterval: '500ms',
  })
  onTestFinished(() => prometheus.end('SIGKILL'))
  return { alertmanager, notifications }
}

/** Waits until the end of an alert has been delivered to a hook. */
const isOver = ({ deliveries, until }: Shop, hook: HookName) =>
  until(
    async () => deliveries(),
    all => all.some(delivery => delivery.hook === hook && delivery.reason === 'Resolved'),
  )

const repeats = Array.from({ length: 3 }, () => 'repeat interval elapsed: Stepped')

it('replicas follow the load up and down again, a step a notification, and no further than the rules ask', async () => {
  const shop = await openShop(controlPlane, { replicas: 1, total: 8, dedupeWindow: '1s' })
  const { deliveries, load, watched } = shop
  const { alertmanager, notifications } = await watchOver(shop)
  const began = Date.now()
  // With four each would have 11.25.
  load.becomes(45)
  await isOver(shop, 'web-up')
  // With two each has 4.
  load.becomes(8)
  await isOver(shop, 'web-down')

  expect(await watched.counts()).toEqual([1, 2, 3, 4, 5, 4, 3, 2, 1])
  expect(deliveries().map(textOf)).toEqual([
    ...[1, 2, 3, 4].map(count => `web-up: applied, Stepped from ${count} to ${count + 1}`),
    'web-up: skipped, Resolved',
    ...[5, 4, 3, 2].map(count => `web-down: applied, Stepped from ${count} to ${count - 1}`),
    'web-down: skipped, Resolved',
  ])
  expect(notifications.map(({ reason, why }) => `${why}: ${reason}`)).toEqual([
    ...['first notification: Stepped', ...repeats, 'all alerts resolved: Resolved'],
    ...['first notification: Stepped', ...repeats, 'all alerts resolved: Resolved'],
  ])
  expect(await alertmanager.webhooks('notifications_total')).toBe(deliveries().length)
  expect(await alertmanager.webhooks('notifications_failed_total')).toBe(0)
  expect(await alertmanager.webhooks('notification_requests_failed_total')).toBe(0)

  const { totals } = load
  const story = { began: began - 2000, ended: Date.now() + 1000, seen: watched.seen, totals, deliveries: deliveries() }
  const picture = pictureOf({ ...story, ...exampleThresholds() })
  expect(picture.match(/class="up"/g)).toHaveLength(4 + 1)
  expect(picture.match(/class="down"/g)).toHaveLength(4 + 1)
  // Each run draws another: it is kept where that is asked for.
  if (process.env['PICTURES'] !== undefined) await writeFile('docs/images/autoscaling.svg', picture)
}, 180_000)

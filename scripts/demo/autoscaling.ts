/**
 * Autoscaling by an alert, to be watched in a terminal: the load of a Deployment rises and falls, an alert fires, and a
 * hook steps until it is over. Prometheus and Alertmanager are the real ones where they are there, else a small
 * stand-in plays them; the cluster is the playground's.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkedMilliseconds } from '../../src/api/duration.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { freePort } from '../../test/cluster/control-plane/ports.ts'
import { startAlertmanager } from './alertmanager.ts'
import { heading, eventOf, rowsOf } from './drawing.ts'
import { endings, type Endings } from './endings.ts'
import { exampleRoutes, exampleRules, exampleThresholds } from './examples.ts'
import { serveLoad, type Load } from './load.ts'
import { dedupeWindow, intervals, little, much, quietMs } from './pace.ts'
import { howToGetThem } from './binaries.ts'
import { areThere } from './part.ts'
import { startPrometheus } from './prometheus.ts'
import { screenOf } from './screen.ts'
import { hookNames, openShop, type HookName, type Shop } from './shop.ts'
import { standIn } from './stand-in.ts'

const usage = `Usage: npm run demo:autoscaling -- [flags]

Flags:
  --once              end when the load has risen and fallen once, instead of at Ctrl-C
  --stand-in          do without Prometheus and Alertmanager, also where they are there
  --pods-need TIME    how long a pod takes until it is ready (default: 0s)
  --cooldown TIME     the cooldown of both hooks (default: 0s)
`

/** How often a row is drawn, in milliseconds. */
const rowEveryMs = 1000

const thresholds = exampleThresholds()

interface Here extends Pick<Endings, 'stop' | 'atEnd'> {
  readonly folder: string
  readonly shop: Shop
  readonly load: Load
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const startReal = async ({ atEnd, folder, load, shop }: Here): Promise<void> => {
  const urls = join(folder, 'urls')
  await mkdir(urls)
  for (const name of hookNames) await writeFile(join(urls, name), shop.urls[name])
  const port = await freePort()
  const config = exampleRoutes(intervals, urls)
  const alertmanager = await startAlertmanager({ name: 'alertmanager', folder, port, config })
  atEnd(() => alertmanager.end('SIGKILL'))
  const prometheus = await startPrometheus({
    ...{ name: 'prometheus', folder, rules: exampleRules(), load: load.port, alertmanagers: [port] },
    ...{ scrapeInterval: '500ms', evaluationInterval: '500ms' },
  })
  atEnd(() => prometheus.end('SIGKILL'))
  print(`Prometheus is at http://127.0.0.1:${prometheus.port},`)
  print(`Alertmanager is at http://127.0.0.1:${port}.`)
}

const startStandIn = ({ load, shop, stop }: Here): void => {
  const fires = {
    'web-up': () => loadOf(load, shop) > thresholds.busy,
    'web-down': () => loadOf(load, shop) < thresholds.idle,
  }
  const alertnames = { 'web-up': 'WebBusy', 'web-down': 'WebIdle' }
  for (const name of hookNames) {
    const rule = { alertname: alertnames[name], fires: fires[name], url: shop.urls[name] }
    standIn(nodeClock, rule, intervals, stop).catch((error: unknown) => (stop.aborted ? undefined : fail(error)))
  }
  print('A small stand-in plays Prometheus and Alertmanager. For the real ones:')
  print(`  ${howToGetThem}`)
}

const loadOf = ({ totals }: Load, { count }: Shop): number => (totals.at(-1)?.total ?? 0) / count().ready

/** Lets the load rise so many times, and fall when the alert that follows is over. */
const days = async ({ load, shop, stop }: Here, count: number): Promise<void> => {
  const isOver = async (hook: HookName): Promise<void> => {
    const resolved = (): number =>
      shop.deliveries().filter(delivery => delivery.hook === hook && delivery.reason === 'Resolved').length
    for (const before = resolved(); resolved() === before && !stop.aborted;) await wait(nodeClock, 100, stop)
  }
  for (let day = 0; day < count && !stop.aborted; day++) {
    await wait(nodeClock, quietMs, stop)
    load.becomes(much)
    await isOver('web-up')
    await wait(nodeClock, quietMs, stop)
    load.becomes(little)
    await isOver('web-down')
  }
  await wait(nodeClock, quietMs, stop)
}

const draw = async ({ load, shop, stop }: Here): Promise<void> => {
  const { stdout } = process
  const screen = screenOf(heading(thresholds), {
    write: text => void stdout.write(text),
    rows: () => (stdout.isTTY ? stdout.rows : undefined),
  })
  let shown = { deliveries: shop.deliveries().length, totals: 1 }
  for (let second = 0; !stop.aborted; second++) {
    const deliveries = shop.deliveries()
    const events = [
      ...load.totals.slice(shown.totals).map(({ total }) => `${total} to do`),
      ...deliveries.slice(shown.deliveries).map(eventOf),
    ]
    shown = { deliveries: deliveries.length, totals: load.totals.length }
    const moment = { second, load: loadOf(load, shop), count: shop.count(), events }
    screen.add(rowsOf(moment, thresholds))
    await wait(nodeClock, rowEveryMs, stop)
  }
}

/** What a person may choose. */
interface Settings {
  readonly once: boolean
  readonly standIn: boolean
  readonly podsNeed: string
  readonly cooldown: string
}

const demo = async (settings: Settings, { atEnd, stop }: Endings): Promise<void> => {
  const { cooldown, once, podsNeed } = settings
  const podsNeedMs = checkedMilliseconds(podsNeed)
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-demo-'))
  atEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  print('Starting the playground, which is the cluster …')
  const shop = await openShop({ folder, spec: { dedupeWindow, cooldown }, podsNeedMs })
  atEnd(shop.end)
  const load = await serveLoad(little, () => shop.count().ready)
  atEnd(load.close)
  const here = { folder, shop, load, stop, atEnd }
  if (settings.standIn || !areThere()) startStandIn(here)
  else {
    print('Starting Prometheus and Alertmanager …')
    await startReal(here)
  }
  print(`The API server is at ${shop.server}. Ctrl-C ends everything.`)
  const drawing = draw(here)
  atEnd(() => drawing)
  await days(here, once ? 1 : Infinity)
}

const fail = (error: unknown): never => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      'stand-in': { type: 'boolean', default: false },
      'pods-need': { type: 'string', default: '0s' },
      cooldown: { type: 'string', default: '0s' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return print(usage)
  const all = endings()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      all.end().then(() => process.exit(0), fail)
    })
  }
  try {
    await demo({ ...values, standIn: values['stand-in'], podsNeed: values['pods-need'] }, all)
  } catch (error) {
    // If it is ended while it starts, what it starts with is gone.
    if (!all.stop.aborted) throw error
  } finally {
    await all.end()
  }
}

run().catch(fail)

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { at, parseJson } from '../../src/api/json.ts'
import { freePort } from '../../test/cluster/control-plane/ports.ts'
import type { OwnedProcess } from '../../test/support/owned-process.ts'
import { startPart } from './part.ts'

export interface Prometheus extends OwnedProcess {
  readonly port: number
  /** How many alerts fire. */
  readonly firing: () => Promise<number>
}

/** What a Prometheus is to do. Ports are of loopback; times are as Prometheus writes them. */
export interface PrometheusSettings {
  readonly name: string
  readonly folder: string
  /** The rule files' content, as an object. */
  readonly rules: unknown
  /** The port that exposes the load. */
  readonly load: number
  readonly alertmanagers: readonly number[]
  readonly scrapeInterval: string
  readonly evaluationInterval: string
}

/** A Prometheus that has started looks for what it is to watch every five seconds; then it is scraped. In milliseconds. */
const awakeWithinMs = 30_000

/**
 * Starts a Prometheus that is one of several alike: it calls itself by a label that its alerts do not carry. Resolves
 * when it has seen the load and knows where to send alerts.
 */
export const startPrometheus = async (settings: PrometheusSettings): Promise<Prometheus> => {
  const { name } = settings
  const folder = join(settings.folder, name)
  const port = await freePort()
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'rules.yaml'), stringify(settings.rules))
  await writeFile(join(folder, 'prometheus.yaml'), stringify(configOf(settings)))
  const args = [
    `--config.file=${join(folder, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]
  const started = await startPart({ name, command: 'prometheus', args, port, folder })
  await awake(port)
  return { ...started, port, firing: async () => listAt(await ask(port, 'alerts'), 'data', 'alerts').length }
}

const awake = async (port: number): Promise<void> => {
  const giveUpAt = Date.now() + awakeWithinMs
  while (Date.now() < giveUpAt) {
    const load = listAt(await ask(port, 'query?query=web_load'), 'data', 'result')
    const alertmanagers = listAt(await ask(port, 'alertmanagers'), 'data', 'activeAlertmanagers')
    if (load.length > 0 && alertmanagers.length > 0) return
    await sleep(100)
  }
  throw new Error(`Prometheus has not seen the load and its Alertmanager within ${awakeWithinMs / 1000} s`)
}

const ask = async (port: number, what: string): Promise<unknown> =>
  parseJson(await (await fetch(`http://127.0.0.1:${port}/api/v1/${what}`)).text())

const listAt = (object: unknown, ...path: readonly string[]): readonly unknown[] => {
  const list = at(object, ...path)
  return Array.isArray(list) ? list : []
}

/** Alerts that differ only in the observer are one alert. */
export const alertRelabelling = [{ action: 'labeldrop', regex: 'replica' }]

const configOf = ({ alertmanagers, evaluationInterval, load, name, scrapeInterval }: PrometheusSettings) => ({
  global: {
    scrape_interval: scrapeInterval,
    scrape_timeout: scrapeInterval,
    evaluation_interval: evaluationInterval,
    external_labels: { replica: name },
  },
  alerting: {
    alert_relabel_configs: alertRelabelling,
    alertmanagers: [{ static_configs: [{ targets: alertmanagers.map(onLoopback) }] }],
  },
  rule_files: ['rules.yaml'],
  scrape_configs: [
    { job_name: 'web', static_configs: [{ targets: [onLoopback(load)], labels: { namespace: 'shop' } }] },
  ],
})

const onLoopback = (port: number): string => `127.0.0.1:${port}`

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { parseJson } from '../../src/api/json.ts'
import type { OwnedProcess } from '../../test/support/owned-process.ts'
import { metricOf, startPart } from './part.ts'

export interface Alertmanager extends OwnedProcess {
  /** A counter of its own about webhooks, summed up. */
  webhooks(counter: string): Promise<number>
  /** How many alerts fire, as far as it has received them. */
  readonly firing: () => Promise<number>
}

/** What an Alertmanager is to do. Ports are of loopback. */
export interface AlertmanagerSettings {
  readonly name: string
  readonly folder: string
  readonly port: number
  /** Its configuration, as an object. */
  readonly config: unknown
  /** Flags besides; by default it is alone. */
  readonly flags?: readonly string[]
}

/** Starts an Alertmanager; what one of the same name and folder has stored, it takes up. */
export const startAlertmanager = async (settings: AlertmanagerSettings): Promise<Alertmanager> => {
  const { flags = ['--cluster.listen-address='], name, port } = settings
  const folder = join(settings.folder, name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'alertmanager.yaml'), stringify(settings.config))
  const args = [
    `--config.file=${join(folder, 'alertmanager.yaml')}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    `--web.external-url=http://${name}.example.com`,
    '--web.route-prefix=/',
    ...flags,
  ]
  return {
    ...(await startPart({ name, command: 'alertmanager', args, port, folder })),
    firing: async () => alertsIn(await (await fetch(`http://127.0.0.1:${port}/api/v2/alerts`)).text()),
    webhooks: counter => metricOf(port, `alertmanager_${counter}`, 'integration="webhook"'),
  }
}

/** Counts the alerts in an answer. Alertmanager lists only those that are not over. */
const alertsIn = (answer: string): number => {
  const alerts = parseJson(answer)
  if (!Array.isArray(alerts)) throw new Error(`a list of alerts was expected, not ${answer}`)
  return alerts.length
}

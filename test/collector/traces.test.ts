import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { collectorPart, monitoringParts } from '../../scripts/cluster/parts.ts'
import { locateAll } from '../../scripts/cluster/store.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { exportingTracing } from '../../src/environment/otlp.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { blockWith } from '../deploy/manifests.ts'
import { spawnOwned } from '../support/owned-process.ts'
import { cluster, product, until } from '../support/product.ts'
import { freePort } from '../cluster/control-plane/ports.ts'

const page = 'docs/how-to/monitor.md#see-a-delivery-as-a-trace'
const programs = locateAll([...monitoringParts, collectorPart], process.env, ['alertmanager', 'otelcol'])

/** Starts a program that writes into a log, until the test ends. Returns what it has written so far. */
const started = async (name: string, args: (folder: string) => Promise<readonly string[]>) => {
  const folder = await mkdtemp(join(tmpdir(), `receiver-hooks-${name}-`))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const given = await args(folder)
  const file = join(folder, 'log')
  const log = openSync(file, 'a')
  const running = spawnOwned(programs[name] ?? name, given, { stdout: log, stderr: log })
  closeSync(log)
  onTestFinished(() => running.end('SIGKILL'))
  return () => readFile(file, 'utf8')
}

/** Starts a collector with the configuration of the page, at a free port. */
const collector = async () => {
  const port = await freePort()
  const written = await started('otelcol', async () => {
    const config = blockWith(page, 'yaml', 'otlp:').replace('0.0.0.0:4318', `127.0.0.1:${port}`)
    return [`--config=yaml:${config}`]
  })
  await until(written, text => text.includes('Everything is ready'))
  return { endpoint: `http://127.0.0.1:${port}`, written }
}

/** Starts an Alertmanager that posts every alert to a hook. Returns what gives it an alert. */
const alertmanager = async (url: string): Promise<() => Promise<number>> => {
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  await started('alertmanager', async folder => {
    const config = join(folder, 'alertmanager.yaml')
    const route = { receiver: 'web-up', group_wait: '1s' }
    await writeFile(config, stringify({ route, receivers: [{ name: 'web-up', webhook_configs: [{ url }] }] }))
    const storage = `--storage.path=${join(folder, 'data')}`
    return [`--config.file=${config}`, storage, `--web.listen-address=${address}`, '--cluster.listen-address=']
  })
  const alerts = [{ labels: { alertname: 'HighLoad', planted: 'planted-label' } }]
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(alerts) }
  return () =>
    fetch(`http://${address}/api/v2/alerts`, init).then(
      ({ status }) => status,
      () => 0,
    )
}

it("a notification of a real Alertmanager is a trace in a real collector, without the alert's labels and the token", async () => {
  const here = await cluster()
  const { endpoint, written } = await collector()
  const log = pinoLog({ level: 'error', clock: nodeClock, write: () => undefined })
  const exported = exportingTracing({ clock: nodeClock, endpoint, instance: 'a', log, version: '1' })
  onTestFinished(() => exported.close())
  await here.createDeployment('web', 1)
  await product(here, { tracing: exported.tracing })
  await here.createHook('web-up', { max: 10 })
  const url = await here.url('web-up')
  const alert = await alertmanager(url)
  await until(alert, status => status === 200)
  const text = await until(written, seen => seen.includes('receiverhooks.outcome: Str(applied)'), 90_000)
  for (const name of blockWith(page, 'text', 'write deployments/scale').matchAll(/^ *(\S[^(\n]*?)(?:  .*)?$/gm))
    expect(text).toContain(`Name           : ${name[1]}\n`)
  expect(text).toContain('service.name: Str(receiver-hooks)')
  expect(text).toContain('receiverhooks.sender: Str(alertmanager)')
  expect(text).not.toContain('planted')
  expect(text).not.toContain(url.split('/').at(-1))
})

import { execFile } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { monitoringParts } from '../../scripts/cluster/parts.ts'
import { locateAll } from '../../scripts/cluster/store.ts'
import { at, parseJson, stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import { create } from '../../src/kube/requests.ts'
import { requests } from '../../src/kube/resources.ts'
import { alerts } from '../../scripts/deploy/alerts.ts'
import { listAt } from '../deploy/manifests.ts'
import { spawnOwned } from '../support/owned-process.ts'
import { cluster, post, product, until } from '../support/product.ts'
import { freePort } from './control-plane/ports.ts'

const programs = locateAll(monitoringParts, process.env)

const promtool = (...args: readonly string[]) =>
  promisify(execFile)(programs['promtool'] ?? 'promtool', args, { cwd: 'deploy/monitoring' })

it("the alerts pass promtool's lint", async () => {
  const { stdout } = await promtool('check', 'rules', '--lint=all', '--lint-fatal', 'alerts.yaml')
  expect(stdout).toContain(`SUCCESS: ${alerts.length} rules found`)
})

// Prometheus evaluates each alert for each minute of each case: that is ten seconds of a processor.
it('each alert fires when it should, and keeps quiet when it should', { timeout: 600_000 }, async () => {
  const { stdout } = await promtool('test', 'rules', 'alerts.test.yaml')
  expect(stdout).toContain('SUCCESS')
})

/** Returns every query of the dashboard, as Grafana would send it. */
const queries = (): readonly string[] =>
  listAt(parseJson(readFileSync('deploy/monitoring/dashboard.json', 'utf8')), 'panels')
    .flatMap(panel => listAt(panel, 'targets'))
    .map(target => (stringAt(target, 'expr') ?? '').replaceAll('$__rate_interval', '1m').replaceAll('$namespace', '.*'))

/** Runs a Prometheus that scrapes these addresses as the PodMonitor has it scrape pods. Resolves with what asks it. */
const prometheusOf = async (targets: readonly string[]): Promise<(path: string) => Promise<unknown>> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-prometheus-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const config = join(folder, 'prometheus.yaml')
  await writeFile(
    config,
    stringify({
      global: { scrape_interval: '1s' },
      scrape_configs: [{ job_name: 'receiver-hooks', honor_labels: true, static_configs: [{ targets }] }],
    }),
  )
  const port = await freePort()
  const log = openSync(join(folder, 'log'), 'a')
  const running = spawnOwned(
    programs['prometheus'] ?? 'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdout: log, stderr: log },
  )
  closeSync(log)
  onTestFinished(() => running.end('SIGKILL'))
  return async path => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined)
    return answer && tryParseJson(await answer.text())
  }
}

it('a real Prometheus that scrapes the product knows every series that the dashboard and the alerts ask for', async () => {
  const here = await cluster()
  await here.createDeployment('web', 1)
  await here.createDeployment('night', 1)
  await here.createHook('web-up', { max: 1000 }, { for: '1h' })
  const hold = { target: { name: 'night' }, to: 0 }
  await here.createHook('sleep', {}, { driver: 'hold', scale: undefined, hold, for: '1h' })
  await here.createHook('asked', { max: 2000 }, { approval: { within: '15m' } })
  const { operations } = await product(here, { requests: true })
  const url = await here.url('web-up')
  const ask = await prometheusOf([new URL(operations).host])
  const query = async (expr: string): Promise<unknown> => ask(`query?query=${encodeURIComponent(expr)}`)
  for (const expr of queries()) {
    // A rate needs two scrapes with a difference.
    const answer = await until(
      async () => {
        await post(url)
        return await query(expr)
      },
      seen => listAt(seen, 'data', 'result').length > 0 && !JSON.stringify(at(seen, 'data')).includes('NaN'),
      60_000,
    )
    expect({ expr, status: at(answer, 'status') }).toEqual({ expr, status: 'success' })
  }
  // What counts objects that are held, or requests that wait, has a series while there is one. It would have no rate above.
  await post(await here.url('sleep'))
  const spec = { hook: 'asked', by: { user: 'ann' } }
  await create(here.api, requests, here.namespace, { apiVersion, kind: requestKind, metadata: { name: 'one' }, spec })
  const names = await until(
    () => ask('label/__name__/values'),
    seen => ['held', 'awaiting'].every(name => listAt(seen, 'data').includes(`receiverhooks_${name}`)),
    60_000,
  )
  const known = new Set(listAt(names, 'data'))
  for (const { expr, name } of alerts) {
    expect({ name, status: at(await query(expr), 'status') }).toEqual({ name, status: 'success' })
    const metrics = [...expr.matchAll(/\b(receiverhooks_\w+|leader_election_\w+|controller_runtime_\w+)/g)]
    const unknown = metrics.map(([metric]) => metric).filter(metric => !known.has(metric) && !countsFailures(metric))
    expect(unknown).toEqual([])
  }
})

/** Returns whether a metric counts failures: what has never happened has no series. */
const countsFailures = (metric: string): boolean =>
  [
    'receiverhooks_watch_cuts_total',
    'receiverhooks_leases_overdue',
    'controller_runtime_reconcile_errors_total',
  ].includes(metric)

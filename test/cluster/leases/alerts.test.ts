import { randomInt } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, it, onTestFinished } from 'vitest'
import { startAlertmanager } from '../../../scripts/demo/alertmanager.ts'
import { areThere } from '../../../scripts/demo/part.ts'
import { at, isObject, parseJson, stringAt } from '../../../src/api/json.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { objectPath } from '../../../src/kube/paths.ts'
import { send } from '../../../src/kube/requests.ts'
import { rngOf } from '../../simulation/seed.ts'
import { deployments, until } from '../../support/product.ts'
import { freePort } from '../control-plane/ports.ts'
import {
  bases,
  configFor,
  forever,
  hooksFor,
  incidentsFor,
  long,
  said,
  short,
  word,
  type Incident,
} from './incidents.ts'
import { endsIn, leasing, trigger, type Leasing } from './installed.ts'
import { sampleOf, samplesOf, type Sample } from './leased.ts'
import { lossyNetwork } from './lossy.ts'
import { pictureOf, type Story } from './picture.ts'

/** What runs each time takes seconds. LEASES=long takes an hour. LEASES_SEED chooses the alerts and what is lost. */
const extent = process.env['LEASES'] === 'long' ? long : short
const seed = Number(process.env['LEASES_SEED'] ?? randomInt(1, 1_000_000))

/** How long all may take on a machine that is busy, in milliseconds. */
const maxMs = extent.alertsMs + 1_200_000

it(
  'every count is its base when the last lease has ended, although posts are lost for good',
  async () => {
    const receivers = hooksFor(extent)
    const here = await leasing(inject('kubeconfig'), bases, [...receivers.values()].flat())
    const triggers = [await trigger(here), await trigger(here)]
    await Promise.all(triggers.map(({ start }) => start()))
    const hookAt = (path: string): string =>
      [...receivers.values()].flat().find(({ name }) => here.pathOf(name) === path)?.name ?? ''
    const network = await lossyNetwork(
      { ...extent, seed },
      triggers.map(({ port }) => port),
      hookAt,
    )
    const config = configFor(extent, receivers, hook => `http://127.0.0.1:${network.port}${here.pathOf(hook)}`)
    const alertmanager = await alertmanagerWith(config)

    const over = new AbortController()
    const sampling = samplesOf(here, extent.sampleMs, over.signal)
    const began = nodeClock.now()
    const incidents = incidentsFor(receivers.keys(), extent, rngOf(seed))
    await Promise.all([fire(alertmanager, incidents, began), sayAt(here, extent.alertsMs / 2)])
    await until(
      () => sampleOf(here),
      ({ claimed, open }) => open + claimed === 0,
      extent.leaseMs * 2 + 600_000,
    )
    over.abort()
    const samples = [...(await sampling), await sampleOf(here)]

    const ends = triggers.flatMap(({ lines }) => endsIn(lines()))
    const story: Story = {
      seed,
      extent,
      began,
      bases,
      incidents,
      samples,
      passed: network.passed,
      ends,
      events: await eventsOf(here),
    }
    // Each run draws another: it is kept where that is asked for.
    const picture = pictureOf(story)
    if (process.env['PICTURES'] !== undefined) await writeFile('docs/images/leases.svg', picture)
    const wrong = triggers.flatMap(({ lines }) => lines()).filter(line => line.includes('"level":"error"'))
    console.log(report(story))
    expect(wrong).toEqual([])
    expect(network.passed.filter(({ isLost }) => isLost).length).toBeGreaterThan(0)
    expect(differences(samples)).toEqual([])
    const counts = samples.at(-1)?.counts ?? {}
    expect(counts).toEqual({ ...bases, [said]: word, [forever]: counts[forever] })
  },
  maxMs,
)

/** Starts an Alertmanager until the test ends. Resolves with its address. */
const alertmanagerWith = async (config: object): Promise<string> => {
  if (!areThere()) throw new Error('run "npm run cluster:binaries -- prometheus alertmanager" first')
  const folder = await mkdtemp(join(tmpdir(), 'leases-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  const port = await freePort()
  const running = await startAlertmanager({ name: 'alertmanager', folder, port, config })
  onTestFinished(() => running.end('SIGKILL'))
  return `http://127.0.0.1:${port}`
}

/** Raises all alerts in time. Each says at once when it will be over, so that nothing more has to be sent. */
const fire = async (alertmanager: string, incidents: readonly Incident[], began: number): Promise<void> => {
  const timeOf = (ms: number): string => new Date(began + ms).toISOString()
  for (const { from, name, receiver, until: end } of incidents.toSorted((a, b) => a.from - b.from)) {
    await wait(nodeClock, Math.max(0, began + from - nodeClock.now()))
    const labels = { alertname: 'Busy', incident: name, receiver }
    const response = await fetch(`${alertmanager}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels, startsAt: timeOf(from), endsAt: timeOf(end) }]),
    })
    if (response.status !== 200) throw new Error(`Alertmanager: ${response.status} ${await response.text()}`)
  }
  const last = Math.max(...incidents.map(incident => incident.until))
  await wait(nodeClock, Math.max(0, began + last - nodeClock.now()))
}

/** Sets a count, as a person does, after some time. */
const sayAt = async ({ api, namespace }: Leasing, ms: number): Promise<void> => {
  await wait(nodeClock, ms)
  const path = `${objectPath(deployments, namespace, said)}/scale`
  const body = JSON.stringify({ spec: { replicas: word } })
  await send(api, { method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
}

/** Lists where a count was not its base plus what was leased. Two counts have another rule. */
const differences = (samples: readonly Sample[]): readonly string[] =>
  samples.flatMap(({ at: moment, counts, leased, settled }) =>
    settled
      .filter(name => name !== forever && name !== said)
      .filter(name => counts[name] !== (bases[name] ?? 0) + (leased[name] ?? 0))
      .map(name => `${new Date(moment).toISOString()} ${name}: ${counts[name]}, ${leased[name]} leased`),
  )

/** Counts the Events of hooks by their reasons. */
const eventsOf = async ({ api, namespace }: Leasing): Promise<Readonly<Record<string, number>>> => {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
  const { body } = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 30_000 })
  const items = at(parseJson(body), 'items')
  const counts: Record<string, number> = {}
  for (const event of Array.isArray(items) ? items.filter(isObject) : []) {
    const reason = stringAt(event, 'reason') ?? ''
    counts[reason] = (counts[reason] ?? 0) + Number(at(event, 'series', 'count') ?? 1)
  }
  return counts
}

/** Says in words what happened. */
const report = ({ ends, events, incidents, passed, samples, seed: from }: Story): string => {
  const lost = passed.filter(({ isLost }) => isLost)
  const answers = Map.groupBy(passed, ({ answered, reason }) => `${answered ?? 'lost'} ${reason ?? ''}`.trim())
  const settled = samples.reduce((sum, sample) => sum + sample.settled.length, 0)
  return [
    `seed ${from}: ${incidents.length} alerts, ${passed.length} posts, ${lost.length} lost,`,
    `${lost.filter(({ status }) => status === 'resolved').length} of them ends of alerts`,
    `answers: ${[...answers].map(([answer, all]) => `${answer}: ${all.length}`).join(', ')}`,
    `${ends.length} leases ended by themselves; at most ${Math.max(...samples.map(({ open }) => open))} were open at once`,
    `${samples.length} samples, in which ${settled} counts were compared with base and leases`,
    `Events: ${JSON.stringify(events)}`,
    `counts at the end: ${JSON.stringify(samples.at(-1)?.counts)}`,
  ].join('\n')
}

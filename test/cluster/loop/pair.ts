import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startAlertmanager, type Alertmanager } from '../../../scripts/demo/alertmanager.ts'
import { at, parseJson } from '../../../src/api/json.ts'
import { exampleRoutes, type Intervals } from '../../../scripts/demo/examples.ts'
import { listAt } from '../../deploy/manifests.ts'
import { until } from '../../support/product.ts'
import { freePort } from '../control-plane/ports.ts'
import type { Gate } from './gate.ts'
import { writeUrls } from './shop.ts'

export const peers = ['a', 'b'] as const

export type PeerName = (typeof peers)[number]

/** Two Alertmanagers in a cluster. Of both, a sends a notification first; b waits, and sends it if a seems not to have. */
export interface Pair {
  readonly ports: Readonly<Record<PeerName, number>>
  readonly peer: (name: PeerName) => Alertmanager
  /** Starts one again that has ended, and waits until both know each other. */
  readonly start: (name: PeerName) => Promise<void>
  /** Notifies both that an alert fires, or is over, as Prometheus does. */
  readonly notify: (alertname: string, moments: { readonly startsAt: Date; readonly endsAt?: Date }) => Promise<void>
}

/** How long b waits, in milliseconds; 15 s where nobody says otherwise. */
const peerTimeoutMs = 1000

/** Starts both, until the test ends. What they keep is in `folder`. */
export const startPair = async (folder: string, { urls }: Gate, intervals: Intervals): Promise<Pair> => {
  const ports = { a: await freePort(), b: await freePort() }
  const gossip = { a: await freePort(), b: await freePort() }
  const config = exampleRoutes(intervals, await writeUrls(join(folder, 'urls'), urls))
  const run = (name: PeerName): Promise<Alertmanager> =>
    startAlertmanager({
      ...{ name, folder, port: ports[name], config },
      flags: [
        `--cluster.listen-address=127.0.0.1:${gossip[name]}`,
        ...peers.filter(other => other !== name).map(other => `--cluster.peer=127.0.0.1:${gossip[other]}`),
        // They wait for each other in the order of their names.
        `--cluster.peer-name=${name}`,
        `--cluster.peer-timeout=${peerTimeoutMs}ms`,
        // Before it has settled it sends nothing: four times ten of these.
        '--cluster.gossip-interval=50ms',
        '--cluster.reconnect-interval=500ms',
      ],
    })
  const [a, b] = await Promise.all([run('a'), run('b')])
  const running = { a, b }
  onTestFinished(async () => {
    await Promise.all(peers.map(name => running[name].end('SIGKILL')))
  })
  const start = async (name: PeerName): Promise<void> => {
    running[name] = await run(name)
    await settled(ports)
  }
  await settled(ports)
  return {
    ports,
    peer: name => running[name],
    start,
    notify: async (alertname, moments) => {
      const body = JSON.stringify([{ labels: { alertname, namespace: 'shop' }, ...moments }])
      const headers = { 'content-type': 'application/json' }
      for (const name of peers) {
        await fetch(`http://127.0.0.1:${ports[name]}/api/v2/alerts`, { method: 'POST', headers, body })
      }
    },
  }
}

/** Resolves when both know of each other, and would send. */
const settled = async (ports: Pair['ports']): Promise<void> => {
  for (const name of peers) {
    await until(
      async () => at(parseJson(await (await fetch(`http://127.0.0.1:${ports[name]}/api/v2/status`)).text()), 'cluster'),
      cluster => at(cluster, 'status') === 'ready' && listAt(cluster, 'peers').length === peers.length,
      20_000,
    )
  }
}

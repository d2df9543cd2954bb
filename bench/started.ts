import { closeSync, openSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { environment, nodeFlags } from '../scripts/image/runs.ts'
import { freePort } from '../test/cluster/control-plane/ports.ts'
import { spawnOwned } from '../test/support/owned-process.ts'
import { parseJson, stringAt } from '../src/api/json.ts'
import type { Server } from './server.ts'

/** A program under measurement, ready. */
export interface Started {
  readonly pid: number
  /** Where posts go. */
  readonly origin: string
  /** Where its metrics are. */
  readonly operations: string
  /** From its start to its readiness, in milliseconds. */
  readonly startMs: number
  /** When it was started, in milliseconds since the epoch. */
  readonly startedAt: number
  readonly end: () => Promise<void>
}

/** How often a program is asked whether it is ready, in milliseconds: it costs both of them time. */
const askEveryMs = 5

/** How long it may take, in milliseconds. */
const readyWithinMs = 120_000

/**
 * Returns what the image starts the program with. BENCH_NODE_FLAGS has more of Node's flags, such as --cpu-prof, to find out
 * what the time goes to; BENCH_CGROUP is the folder of a control group, in which Node divides the memory as in a pod.
 */
const asInstalled = (moreOfNode: readonly string[] = []): readonly string[] => {
  const moreFlags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(flag => flag !== '')
  const cgroup = process.env['BENCH_CGROUP']
  const inCgroup = cgroup === undefined ? [] : ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup]
  return [...environment, ...inCgroup, process.execPath, ...nodeFlags, ...moreFlags, ...moreOfNode]
}

const start = async (log: string, command: readonly string[], origin: string, readyPort: number): Promise<Started> => {
  const output = openSync(log, 'a')
  const startedAt = performance.timeOrigin + performance.now()
  const began = performance.now()
  const { child, end, running } = spawnOwned('env', command, { stdout: output, stderr: output })
  closeSync(output)
  while (!(await isReady(readyPort))) {
    if (!running() || performance.now() - began > readyWithinMs) {
      await end('SIGKILL')
      throw new Error(`not ready; its log ends with:\n${readFileSync(log, 'utf8').split('\n').slice(-10).join('\n')}`)
    }
    await sleep(askEveryMs)
  }
  return {
    pid: child.pid ?? 0,
    origin,
    operations: `http://127.0.0.1:${readyPort}`,
    startMs: performance.now() - began,
    startedAt,
    end: () => end('SIGTERM'),
  }
}

const isReady = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const request = get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.once('error', () => resolve(false))
  })

/** Starts the product as it is installed, its environment and its log included: both roles, or one of them. */
export const startProduct = async (
  bundle: string,
  { folder, kubeconfig }: Server,
  role?: 'controller' | 'trigger',
  flags: readonly string[] = [],
  moreOfNode: readonly string[] = [],
): Promise<Started> => {
  const [trigger, operations] = [await freePort(), await freePort()]
  const command = [
    ...[...asInstalled(moreOfNode), bundle, 'serve', ...(role === undefined ? [] : [role])],
    ...['--kubeconfig', kubeconfig, '--namespace', 'receiver-hooks', '--host', '127.0.0.1'],
    ...['--trigger-port', String(trigger), '--operations-port', String(operations), '--shutdown-delay', '0'],
    ...flags,
  ]
  return await start(join(folder, `product-${operations}.log`), command, `http://127.0.0.1:${trigger}`, operations)
}

/** The dashboard on this machine, and the headers of somebody who is signed in. */
export interface OpenDashboard {
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
  readonly end: () => Promise<void>
}

/** Starts the dashboard, and opens the link that it prints. */
export const startDashboard = async (bundle: string, { folder, kubeconfig }: Server): Promise<OpenDashboard> => {
  const port = await freePort()
  const log = join(folder, `dashboard-${port}.log`)
  const output = openSync(log, 'a')
  const command = [...asInstalled(), bundle, 'dashboard', '--port', String(port), '--kubeconfig', kubeconfig]
  const { end, running } = spawnOwned('env', command, { stdout: output, stderr: output })
  closeSync(output)
  const began = performance.now()
  for (;;) {
    const [, origin, key] = /(http:[^\s#]+)\/#key=(\S+)/.exec(readFileSync(log, 'utf8')) ?? []
    if (origin !== undefined && key !== undefined) {
      const headers = await signIn(origin, key)
      return { origin, headers, end: () => end('SIGTERM') }
    }
    if (!running() || performance.now() - began > readyWithinMs) {
      await end('SIGKILL')
      throw new Error(`no link of the dashboard; its log has:\n${readFileSync(log, 'utf8')}`)
    }
    await sleep(askEveryMs)
  }
}

const signIn = async (origin: string, key: string): Promise<Readonly<Record<string, string>>> => {
  const body = JSON.stringify({ key })
  const headers = { origin, 'content-type': 'application/json' }
  const answer = await fetch(`${origin}/api/session`, { method: 'POST', headers, body })
  const pageKey = stringAt(parseJson(await answer.text()), 'pageKey') ?? ''
  const [cookie = ''] = answer.headers.getSetCookie().map(each => each.split(';', 1)[0] ?? '')
  return { origin, cookie, 'x-page-key': pageKey }
}

/** Starts what answers the requests of a Service. */
export const startPod = async ({ folder }: Server): Promise<Started> => {
  const port = await freePort()
  const command = [process.execPath, join(import.meta.dirname, 'serve/pod.ts'), String(port)]
  return await start(join(folder, `pod-${port}.log`), command, `http://127.0.0.1:${port}`, port)
}

/**
 * Starts express and undici alone, with the settings of the image: they change both time and memory. They list and keep a
 * collection first, if one is given.
 */
export const startBare = async (bundle: string, { folder, reached }: Server, listed?: string): Promise<Started> => {
  const port = await freePort()
  const list = listed === undefined ? [] : [listed]
  const command = [
    ...[...environment, process.execPath, ...nodeFlags],
    ...[bundle, String(port), JSON.stringify(reached), ...list],
  ]
  return await start(join(folder, `bare-${port}.log`), command, `http://127.0.0.1:${port}`, port)
}

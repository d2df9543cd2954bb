import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import { peakResidentMiB, resetPeak } from '../../bench/process.ts'
import { environment, nodeFlags } from '../../scripts/image/runs.ts'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { freePort } from '../cluster/control-plane/ports.ts'
import { spawnOwned, type OwnedProcess } from '../support/owned-process.ts'

/** What the installation gives the dashboard, and what it is to stay under, in MiB. */
const podMiB = 256
const maxMiB = 220

/** How long each flood lasts, in milliseconds; how many connections it has, and from how many addresses. */
const floodMs = 4000
const connections = 1000
const sources = 4

const bundles = makeBundles()
let api: Awaited<ReturnType<typeof serveHttp>>
let dashboard: OwnedProcess
let port: number

beforeAll(async () => {
  api = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
  port = await freePort()
  const node = [process.execPath, ...nodeFlags, `--max-old-space-size=${Math.floor(podMiB * 0.6)}`, bundles.product]
  const flags = [
    '--sign-in=token',
    `--port=${port}`,
    `--dashboard-url=http://127.0.0.1:${port}`,
    `--api-server=${api.url}`,
  ]
  dashboard = spawnOwned('env', [...environment, ...node, 'dashboard', ...flags], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  if (!dashboard.child.stdout) throw new Error('its output is to be a pipe')
  await new Promise(ready => createInterface({ input: dashboard.child.stdout ?? process.stdin }).once('line', ready))
}, 60_000)
afterAll(async () => {
  await dashboard.end('SIGKILL')
  await api.close()
  bundles.remove()
})

const post = (path: string, headers: readonly string[], body: string): string =>
  [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Origin: http://127.0.0.1:${port}`,
    'Content-Type: application/json',
    ...headers,
    '',
    body,
  ].join('\r\n')

const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`

/** Sends this over each connection, which is opened again when it is closed, until the time is over. */
const flood = async (first: () => string): Promise<void> => {
  const sockets = new Set<Socket>()
  let isOver = false
  const open = (index: number): void => {
    if (isOver) return
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (index % sources)}` })
    sockets.add(socket)
    socket.on('error', () => undefined).on('connect', () => socket.write(first()))
    socket.on('close', () => {
      sockets.delete(socket)
      setTimeout(open, 100, index)
    })
    socket.resume()
  }
  for (let index = 0; index < connections; index++) open(index)
  await sleep(floodMs)
  isOver = true
  for (const socket of sockets) socket.destroy()
}

describe('a dashboard of 256 MiB', () => {
  it.each<[string, () => string]>([
    ['unfinished sign-ins', () => post('/api/session', ['Content-Length: 262144', ''], 'x'.repeat(262_000))],
    ['unfinished short sign-ins', () => post('/api/session', ['Content-Length: 8000', ''], 'x'.repeat(7900))],
    ['endless sign-ins', () => post('/api/session', ['Transfer-Encoding: chunked', ''], chunk(250_000))],
    ['unfinished bodies of others', () => post('/api/hooks', ['Content-Length: 262144', ''], 'x'.repeat(262_000))],
    ['unfinished heads', () => `GET / HTTP/1.1\r\nX-Long: ${'x'.repeat(30_000)}`],
    ['pipelined requests', () => `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`.repeat(1000)],
  ])(`stays under ${maxMiB} MiB in a flood of %s, and serves on`, async (kind, first) => {
    const pid = dashboard.child.pid ?? 0
    resetPeak(pid)
    await flood(first)
    const most = peakResidentMiB(pid)
    console.log(`${kind}: RSS at most ${Math.round(most)} MiB`)
    const serves = async () => (await fetch(`http://127.0.0.1:${port}/`)).status
    await expect.poll(serves, { timeout: 20_000 }).toBe(200)
    expect(most).toBeLessThan(maxMiB)
  })
})

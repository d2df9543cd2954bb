import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FloodJob, Report } from './job.ts'

/** What one connection of a flood does: what it writes when it opens, and what after each answer. */
interface Attack {
  readonly first: Buffer
  readonly next?: Buffer
  /** Never looks at what is answered. */
  readonly deaf?: boolean
}

/** The kinds of flood, by name. All but the slow, the pipelined, the large, the wrong signatures and the wrong credentials need no token, or one that is good no more. */
const attacks = {
  garbage: ({ path }) => again(post(path.slice(0, -90))),
  forged: ({ path }) => again(post(`${path.slice(0, -86)}${'A'.repeat(86)}`)),
  'wrong signatures': ({ path }) =>
    again(post(path, 1000, `X-Signature: sha256=${'0'.repeat(64)}\r\n`, Buffer.alloc(1000, ' '))),
  'wrong credentials': ({ authorization, path }) => again(post(path, 0, `Authorization: ${authorization}\r\n`)),
  'unknown key': ({ path }) => again(post(unknownKey(path))),
  'unknown key, with bodies': ({ path }) => ({
    first: Buffer.concat([post(unknownKey(path), 1_000_000), Buffer.alloc(300_000, 'x')]),
  }),
  heads: ({ path }) => ({ first: Buffer.from(`POST ${path} HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(11_000)}`) }),
  idle: ({ path }) => ({ first: post(path.slice(0, -90)) }),
  'gone hooks': ({ path }) => again(post(path)),
  'slow bodies': ({ path }) => ({ first: Buffer.concat([post(path, 1_000_000), Buffer.alloc(60_000, '{')]) }),
  'slow short bodies': ({ path }) => ({ first: Buffer.concat([post(path, 60_001), Buffer.alloc(60_000, '{')]) }),
  pipelined: ({ path }) => ({ first: Buffer.concat(Array.from({ length: 200 }, () => post(path))), deaf: true }),
  'without a host': () => ({ first: Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(3500)) }),
  // All with one key: the first runs the hook, and the others ask for the same outcome.
  waiters: ({ path }) => again(post(`${path}?wait=10m`, 0, 'Idempotency-Key: "one"\r\n')),
  'large JSON': ({ path }) => again(Buffer.concat([post(path, largeJson.length), largeJson])),
} as const satisfies Record<string, (made: { readonly path: string; readonly authorization: string }) => Attack>

export type Flood = keyof typeof attacks

const again = (text: Buffer): Attack => ({ first: text, next: text })

const post = (path: string, length = 0, more = '', body = Buffer.alloc(0)): Buffer =>
  Buffer.concat([
    Buffer.from(`POST ${path} HTTP/1.1\r\nHost: x\r\nUser-Agent: flood\r\n${more}Content-Length: ${length}\r\n\r\n`),
    body,
  ])

/** Returns the same token with the id of a key that nobody has. */
const unknownKey = (path: string): string => {
  const [prefix = '', payload = '', signature = ''] = path.split('.')
  const header = Buffer.from(prefix.slice('/v1/trigger/'.length), 'base64url').toString()
  const other = Buffer.from(header.replace(/"kid":"[^"]*"/, '"kid":"nobody"')).toString('base64url')
  return `/v1/trigger/${other}.${payload}.${signature}`
}

/** An Alertmanager notification of 1 MiB: labels without fingerprints, which take the longest to read. */
const largeJson = (() => {
  const alert = { status: 'firing', labels: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`l${n}`, 'x'])) }
  const count = Math.floor(1_040_000 / JSON.stringify(alert).length)
  const alerts = Array.from({ length: count }, () => alert)
  return Buffer.from(JSON.stringify({ version: '4', groupKey: '{}', status: 'firing', alerts }))
})()

/** Floods a URL for a while, and counts the answers, by status too, and the posts that have none at the end. Connections that are closed are opened again when their next post is due. */
export const flood = async ({
  authorization = '',
  connections,
  kind,
  ms,
  perSecond,
  sources = 1,
  url,
}: FloodJob): Promise<Report> => {
  const { hostname, pathname, port } = new URL(url)
  const attack: Attack = attacks[kind]({ authorization, path: pathname })
  const gapMs = perSecond === undefined ? 0 : (connections * 1000) / perSecond
  const sockets = new Set<Socket>()
  let isOver = false
  const statuses: Record<string, number> = {}
  let answers = 0
  let unanswered = 0
  const open = (index: number): void => {
    if (isOver) return
    const socket = connect({ port: Number(port), host: hostname, localAddress: `127.0.0.${1 + (index % sources)}` })
    sockets.add(socket)
    let wroteAt = performance.now()
    let isAnswered = true
    socket.on('connect', () => {
      isAnswered = false
      unanswered += 1
      socket.write(attack.first)
    })
    const answered = (): void => {
      if (!isAnswered) unanswered -= 1
      isAnswered = true
    }
    if (attack.deaf !== true) {
      socket.on('data', data => {
        answered()
        answers += 1
        const [, status] = /^HTTP\/1.1 (\d{3})/.exec(data.toString('latin1', 0, 16)) ?? []
        if (status !== undefined) statuses[status] = (statuses[status] ?? 0) + 1
        if (!attack.next) return
        const waitMs = Math.max(0, wroteAt + gapMs - performance.now())
        const write = (): void => {
          wroteAt = performance.now()
          if (isOver || socket.destroyed) return
          isAnswered = false
          unanswered += 1
          socket.write(attack.next ?? '')
        }
        if (waitMs < 1) write()
        else setTimeout(write, waitMs)
      })
    }
    socket.on('error', () => undefined)
    socket.on('close', () => {
      answered()
      sockets.delete(socket)
      setTimeout(open, Math.max(5, wroteAt + gapMs - performance.now()), index)
    })
  }
  const began = performance.now()
  // Posts that come so many a second come one after another, not all at once.
  for (let index = 0; index < connections; index++) setTimeout(open, (index * gapMs) / connections, index)
  await sleep(ms)
  isOver = true
  const notes = { answers, unanswered, ...statuses }
  for (const socket of sockets) socket.destroy()
  return { elapsedMs: performance.now() - began, latencies: [], notes }
}

import { createHmac, randomUUID } from 'node:crypto'
import { errors, Pool } from 'undici'
import { stringAt, tryParseJson, at } from '../../src/api/json.ts'
import { notification } from './notification.ts'
import type { PostJob, Report } from './job.ts'
import { measured } from './pace.ts'

/** One pool an origin, kept from job to job: senders keep their connections. */
const pools = new Map<string, Pool>()

const poolFor = (origin: string, connections: number, localAddress: string | undefined): Pool => {
  const key = `${origin} ${connections} ${localAddress}`
  const lasting = { pipelining: 1, keepAliveTimeout: 60_000, headersTimeout: 60_000 }
  const pool = pools.get(key) ?? new Pool(origin, { connections, ...lasting, ...(localAddress && { localAddress }) })
  pools.set(key, pool)
  return pool
}

/** Answers with other statuses than 200 are counted; `different` is how many counts the 200s name. */
export const post = async ({
  authorization,
  body,
  json,
  localAddress,
  oneNamedOf,
  signedWith,
  urls,
  ...pace
}: PostJob): Promise<Report> => {
  const targets = urls.map(url => new URL(url))
  const origins = new Set(targets.map(({ origin }) => origin)).size
  const sockets = Math.ceil(pace.concurrency / origins)
  const notes: Record<string, number> = {}
  const counts = new Set<string>()
  const headersOf = (index: number, sent: string): Record<string, string> => ({
    ...(authorization !== undefined && { authorization }),
    ...(sent !== '' && { 'content-type': 'application/json' }),
    ...(oneNamedOf !== undefined && index % oneNamedOf === 0 && { 'idempotency-key': randomUUID() }),
    ...(signedWith !== undefined && {
      'x-signature': `sha256=${createHmac('sha256', signedWith).update(sent).digest('hex')}`,
    }),
  })
  const paced = await measured(pace, async index => {
    const target = targets[index % targets.length]
    if (!target) throw new Error('no URLs')
    const note = (kind: string): void => void (notes[kind] = (notes[kind] ?? 0) + 1)
    // Blanks behind JSON mean nothing.
    const sent = body ? notification() + ' '.repeat(body === 'alertmanager' ? 0 : 200_000) : (json ?? '')
    try {
      const response = await poolFor(target.origin, sockets, localAddress).request({
        method: 'POST',
        path: target.pathname + target.search,
        headers: headersOf(index, sent),
        ...(sent !== '' && { body: sent }),
      })
      const text = await response.body.text()
      note(`${response.statusCode} ${stringAt(tryParseJson(text), 'outcome') ?? ''}`.trim())
      counts.add(`${target.pathname} ${String(at(tryParseJson(text), 'to'))}`)
    } catch (error) {
      // A post without a name whose write is ambiguous gets no answer: its connection is closed.
      if (!(error instanceof errors.SocketError)) throw error
      note('no answer')
    }
  })
  return { ...paced, notes: { ...notes, different: counts.size } }
}

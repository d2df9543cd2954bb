import { Pool } from 'undici'
import { stringAt, tryParseJson, at } from '../../src/api/json.ts'
import { notification } from './notification.ts'
import type { PostJob, Report } from './job.ts'
import { measured } from './pace.ts'

/** One pool an origin, kept from job to job: senders keep their connections. */
const pools = new Map<string, Pool>()

const poolFor = (origin: string, connections: number): Pool => {
  const key = `${origin} ${connections}`
  const pool =
    pools.get(key) ?? new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 60_000, headersTimeout: 60_000 })
  pools.set(key, pool)
  return pool
}

/** Answers with other statuses than 200 are counted; `different` is how many counts the 200s name. */
export const post = async ({ body, concurrency, count, gapMs, urls }: PostJob): Promise<Report> => {
  const targets = urls.map(url => new URL(url))
  const origins = new Set(targets.map(({ origin }) => origin)).size
  const sockets = Math.ceil(concurrency / origins)
  const notes: Record<string, number> = {}
  const counts = new Set<string>()
  const paced = await measured({ concurrency, count, ...(gapMs === undefined ? {} : { gapMs }) }, async index => {
    const target = targets[index % targets.length]
    if (!target) throw new Error('no URLs')
    const response = await poolFor(target.origin, sockets).request({
      method: 'POST',
      path: target.pathname + target.search,
      ...(body && { body: notification(), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.body.text()
    const outcome = stringAt(tryParseJson(text), 'outcome') ?? ''
    const kind = `${response.statusCode} ${outcome}`.trim()
    notes[kind] = (notes[kind] ?? 0) + 1
    counts.add(`${target.pathname} ${String(at(tryParseJson(text), 'to'))}`)
  })
  return { ...paced, notes: { ...notes, different: counts.size } }
}

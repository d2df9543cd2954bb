/**
 * The least that a post can cost in a process of its own: express in front of one marked write, sent with undici. It
 * knows no token, reads no body and records nothing. POST /NAMESPACE/NAME adds one to the count of a Deployment. Arguments:
 * the port, and how to reach the API server, as JSON.
 */
import express, { type RequestHandler } from 'express'
import { apiOf, jsonOf } from '../load/api.ts'
import type { Reached } from '../load/job.ts'
import { readVersion, writeCount, type Version } from '../load/write.ts'
import { isObject, parseJson, stringAt } from '../../src/api/json.ts'

const isReached = (value: unknown): value is Reached => isObject(value) && typeof value['server'] === 'string'

const [port = '', reached = ''] = process.argv.slice(2)
const to = parseJson(reached)
if (!isReached(to)) throw new Error('how to reach the API server: {server, ca?, token?}')
const api = apiOf(to)
const remembered = new Map<string, Version>()
const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.get('/readyz', (_request, response) => void response.json({ ok: true }))
const step = (): RequestHandler<{ namespace: string; name: string }> => async (request, response) => {
  const target = `/apis/apps/v1/namespaces/${request.params.namespace}/deployments/${request.params.name}`
  const from = remembered.get(target) ?? (await readVersion(api, target))
  const count = from.count + 1
  const answer = await writeCount(api, target, from, count)
  const resourceVersion = stringAt(jsonOf(answer), 'metadata', 'resourceVersion') ?? ''
  remembered.set(target, { uid: from.uid, resourceVersion, count })
  response.status(answer.status).json({ outcome: 'applied', from: from.count, to: count })
}
app.post('/:namespace/:name', step())
app.listen(Number(port), '127.0.0.1')

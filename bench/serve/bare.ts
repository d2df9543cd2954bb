/**
 * The least that a post can cost in a process of its own: express in front of one marked write, sent with undici. It
 * knows no token, reads no body and records nothing. POST /NAMESPACE/NAME adds one to the count of a Deployment. POST
 * /NAMESPACE/NAME/claimed parses the body and writes a ConfigMap first, as large as a claim in a record. Arguments: the port,
 * and how to reach the API server, as JSON.
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

/** The size of the record of a hook that is new, in characters. */
const claimSize = 1200
const claims = new Map<string, string>()
const claim = (): RequestHandler<{ namespace: string; name: string }> => async (request, _response, next) => {
  const { name, namespace } = request.params
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const resourceVersion = claims.get(name)
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `claim-${name}`, ...(resourceVersion !== undefined && { resourceVersion }) },
    data: { claim: JSON.stringify(request.body).slice(0, claimSize).padEnd(claimSize) },
  })
  const answer = await (resourceVersion === undefined
    ? api.send('POST', path, { body })
    : api.send('PUT', `${path}/claim-${name}`, { body }))
  claims.set(name, stringAt(jsonOf(answer), 'metadata', 'resourceVersion') ?? '')
  next()
}
app.post('/:namespace/:name/claimed', express.json(), claim(), step())
app.listen(Number(port), '127.0.0.1')

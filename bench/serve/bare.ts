/**
 * The least that a post can cost in a process of its own: express in front of the requests that the post needs, sent with
 * undici. It knows no token, and writes no log. POST /NAMESPACE/NAME makes one marked write, which adds one to the count
 * of a Deployment. POST /NAMESPACE/NAME/size adds one to the size of a Fleet. Other paths have more to do first:
 *
 * - /NAMESPACE/NAME/claimed parses the body, and replaces a record of the product's kind and size.
 * - /NAMESPACE/NAME/keyed replaces a smaller record if the post has an idempotency key.
 * - /NAMESPACE/NAME/after/HOOK reads a hook.
 *
 * POST /NAMESPACE/SET/pushed parses the body, replaces a record, lists the Deployments of a set, and writes an image into
 * each. Arguments: the port, how to reach the API server, as JSON, and the path of a collection that it lists and keeps
 * before it is ready, if any.
 */
import express from 'express'
import { apiOf } from '../load/api.ts'
import { pagesOf } from '../load/list.ts'
import type { Reached } from '../load/job.ts'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { fleets } from '../../test/support/fleets.ts'
import { claimOf, deploymentResource, readHookOf, rollOutOf, stepOf } from './floors.ts'

const isReached = (value: unknown): value is Reached => isObject(value) && typeof value['server'] === 'string'

const [port = '', reached = '', listed] = process.argv.slice(2)
const to = parseJson(reached)
if (!isReached(to)) throw new Error('how to reach the API server: {server, ca?, token?}')
const api = apiOf(to)
const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.get('/readyz', (_request, response) => void response.json({ ok: true }))

const addReplica = stepOf(api, deploymentResource)
app.post('/:namespace/:name', addReplica)
app.post('/:namespace/:name/size', stepOf(api, fleets, 'size'))
app.post('/:namespace/:name/after/:hook', readHookOf(api), addReplica)

/**
 * The size of the content of a record that remembers 64 groups of alerts, in characters. Each alert of the bench is a group of
 * its own, so each record of its hooks comes to this size.
 */
const alertsSize = 10_000
app.post('/:namespace/:name/claimed', express.json(), claimOf(api, alertsSize), addReplica)

/** The same of a record that remembers keys alone. */
const keysSize = 4000
const claimKeyed = claimOf(api, keysSize)
app.post(
  '/:namespace/:name/keyed',
  (request, response, next) =>
    request.headers['idempotency-key'] === undefined ? next() : claimKeyed(request, response, next),
  addReplica,
)
app.post('/:namespace/:name/pushed', express.json(), claimOf(api, keysSize), rollOutOf(api))

/** What it has listed, as long as it runs. */
const kept = new Map<string, unknown>()
for await (const page of listed === undefined ? [] : pagesOf(api, listed)) {
  const items = at(parseJson(page), 'items')
  for (const item of Array.isArray(items) ? items : []) kept.set(stringAt(item, 'metadata', 'name') ?? '', item)
}
app.listen(Number(port), '127.0.0.1')

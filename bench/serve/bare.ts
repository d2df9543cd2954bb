/**
 * The least that a post can cost in a process of its own: express in front of one marked write, sent with undici. It
 * knows no token, reads no body and records nothing. POST /NAMESPACE/NAME adds one to the count of a Deployment. POST
 * /NAMESPACE/NAME/claimed parses the body and replaces a record first, an object of the product's kind and size. POST
 * /NAMESPACE/NAME/size adds one to the size of a Fleet. Arguments: the port, how to reach the API server, as JSON, and
 * the path of a collection that it lists and keeps before it is ready, if any.
 */
import express, { type RequestHandler } from 'express'
import { apiOf, jsonOf } from '../load/api.ts'
import { pagesOf } from '../load/list.ts'
import type { Reached } from '../load/job.ts'
import { patchCount, readVersion, writeCount, type Version } from '../load/write.ts'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion } from '../../src/api/names.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { records } from '../../src/kube/resources.ts'
import { fleets } from '../../test/support/fleets.ts'

/** The parameters of its paths. */
interface Target {
  readonly namespace: string
  readonly name: string
}

const isReached = (value: unknown): value is Reached => isObject(value) && typeof value['server'] === 'string'

const [port = '', reached = '', listed] = process.argv.slice(2)
const to = parseJson(reached)
if (!isReached(to)) throw new Error('how to reach the API server: {server, ca?, token?}')
const api = apiOf(to)
const remembered = new Map<string, Version>()
const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.get('/readyz', (_request, response) => void response.json({ ok: true }))

/** Adds one to the count of a target: to its /scale, or to a member of its spec. */
const step =
  (type: ResourceType, member?: string): RequestHandler<Target> =>
  async ({ params: { name, namespace } }, response) => {
    const target = objectPath(type, namespace, name)
    const from = remembered.get(target) ?? (await readVersion(api, target, member))
    const count = from.count + 1
    const answer = await (member === undefined
      ? writeCount(api, target, from, count)
      : patchCount(api, target, from, member, count))
    const resourceVersion = stringAt(jsonOf(answer), 'metadata', 'resourceVersion') ?? ''
    remembered.set(target, { uid: from.uid, resourceVersion, count })
    response.status(answer.status).json({ outcome: 'applied', from: from.count, to: count })
  }
const addReplica = step({ group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' })
app.post('/:namespace/:name', addReplica)
app.post('/:namespace/:name/size', step(fleets, 'size'))

/**
 * The size of the content of a record that remembers 64 groups of alerts, in characters. Each alert of the bench is a group of
 * its own, so each record of its hooks comes to this size.
 */
const claimSize = 10_000
/** The versions of the records that this has written, by their names. */
const claims = new Map<string, string>()
const claim = (): RequestHandler<Target> => async (request, _response, next) => {
  const { name, namespace } = request.params
  const known = claims.get(name)
  const body = JSON.stringify({
    apiVersion,
    kind: records.kind,
    metadata: { name, namespace, ...(known !== undefined && { resourceVersion: known }) },
    content: JSON.stringify(request.body).slice(0, claimSize).padEnd(claimSize),
  })
  const answer = await (known === undefined
    ? api.send('POST', collectionPath(records, namespace), { body, metadataOnly: true })
    : api.send('PUT', objectPath(records, namespace, name), { body, metadataOnly: true }))
  claims.set(name, stringAt(jsonOf(answer), 'metadata', 'resourceVersion') ?? '')
  next()
}
app.post('/:namespace/:name/claimed', express.json(), claim(), addReplica)
/** What it has listed, as long as it runs. */
const kept = new Map<string, unknown>()
for await (const page of listed === undefined ? [] : pagesOf(api, listed)) {
  const items = at(parseJson(page), 'items')
  for (const item of Array.isArray(items) ? items : []) kept.set(stringAt(item, 'metadata', 'name') ?? '', item)
}
app.listen(Number(port), '127.0.0.1')

/**
 * A Kubernetes API server in memory, for the playground, the API tests and the simulation. No code
 * of the product imports it, and it imports none of the roles.
 *
 * It speaks what the product, its client and kubectl need of a real one. The tests in `test/api` run
 * on both, so that the two cannot differ there. A request passes `route.ts` (which resource),
 * `modify.ts` and `write.ts` (what changes), and `store.ts` (versions and watches). Resources are
 * rows of a table, `builtin.ts`, or made of a CRD, `crd.ts`.
 */
import type { JsonObject } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'
import type { Clock, Random } from '../environment/environment.ts'
import { objectIn } from './body.ts'
import { celRules } from './cel.ts'
import { createCluster, type Cluster } from './cluster.ts'
import { document } from './discovery.ts'
import { list, type Collection, type Query } from './list.ts'
import { patch, createFromPost, put } from './modify.ts'
import { removeObject } from './remove.ts'
import { answerReview } from './reviews.ts'
import { routeOf, type Route } from './route.ts'
import type { RuleCompiler } from './rule.ts'
import { scaleOf } from './scale.ts'
import { methodNotAllowed, noSuchResource, StatusError, unsupportedMediaType } from './status.ts'
import type { Change } from './store.ts'
import { represent, representationIn, representList, type Representation } from './table.ts'
import { isTrue, serveWatch, type Sink } from './watch.ts'
import { currentOf, type Write, type WriteResult } from './write.ts'

export interface ServerRequest {
  readonly method: string
  /** Percent-encoded, without the query. */
  readonly path: string
  readonly query?: Query
  readonly contentType?: string
  readonly accept?: string
  /** Names the field manager of a write that names none. */
  readonly userAgent?: string
  readonly body?: string
}

export interface ServerResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * A Kubernetes API server in memory, without sockets: what it is asked it answers at once. It shows the product where
 * there is no cluster; nothing runs in it (no pods, no controllers but the garbage collector's part).
 */
export interface ApiServer {
  handle(request: ServerRequest): ServerResponse
  /**
   * Opens a watch: its first lines are written before it returns. Returns what cancels it, or the answer of a server
   * that refuses.
   */
  watch(request: ServerRequest, sink: Sink): (() => void) | ServerResponse
  /**
   * Passes every later change to a collection to `listener`. Its name is as in `apps/deployments`,
   * its form as stored.
   */
  observe(kept: string, listener: (change: Change) => void): void
}

/** How long old versions can be read, in milliseconds, as with a real API server's default. */
const defaultHistoryMs = 5 * 60_000

export const createApiServer = (options: {
  readonly clock: Clock
  readonly random: Random
  /** Versions older than this, in milliseconds, are forgotten: lists and watches from them get 410. */
  readonly historyMs?: number
  /** What judges CRDs' rules, by default CEL. A simulation that has no need of them passes `() => () => true`. */
  readonly rules?: RuleCompiler
}): ApiServer => {
  const { clock, random, historyMs = defaultHistoryMs, rules = celRules } = options
  const cluster = createCluster(clock, random, historyMs, rules)
  return {
    handle: request => answering(() => handle(cluster, request)),
    watch: (request, sink) => {
      try {
        return watch(cluster, request, sink)
      } catch (error) {
        return refusal(error)
      }
    },
    observe: (kept, listener) => void cluster.store.subscribe(kept, listener),
  }
}

/** Whether a request opens a watch, and so belongs to `watch` and not to `handle`. */
export const isWatch = (request: ServerRequest): boolean => request.method === 'GET' && isTrue(request.query?.['watch'])

const answering = (answer: () => ServerResponse): ServerResponse => {
  try {
    return answer()
  } catch (error) {
    return refusal(error)
  }
}

const refusal = (error: unknown): ServerResponse => {
  if (error instanceof StatusError) {
    return json(error.code, error.body, error.code === 504 ? { 'retry-after': '1' } : {})
  }
  const message = `the in-memory API server failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  return json(500, new StatusError(500, 'InternalError', message).body)
}

const json = (status: number, body: JsonObject, headers: Readonly<Record<string, string>> = {}): ServerResponse =>
  jsonText(status, JSON.stringify(body), headers)

const jsonText = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): ServerResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body,
})

const text = (status: number, body: string): ServerResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
})

const pageNotFound = text(404, '404 page not found\n')

const watch = (cluster: Cluster, request: ServerRequest, sink: Sink): (() => void) | ServerResponse => {
  const route = routeOf(cluster.definitions, request.path)
  const as = representationIn(request.accept ?? '')
  const query = request.query ?? {}
  if (route.to === 'collection') return serveWatch(cluster, route, query, as, sink)
  if (route.to === 'object') {
    const { name } = route
    return serveWatch(cluster, route, { ...query, fieldSelector: `metadata.name=${name}` }, as, sink)
  }
  return handle(cluster, request)
}

const handle = (cluster: Cluster, request: ServerRequest): ServerResponse => {
  const reviewed = answerReview(request)
  if (reviewed !== undefined) return json(201, reviewed)
  const route = routeOf(cluster.definitions, request.path)
  switch (route.to) {
    case 'document': {
      const found = document(cluster.definitions.all(), route.path)
      if (found === undefined) return pageNotFound
      if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed()
      return typeof found === 'string' ? text(200, found) : json(200, found)
    }
    case 'nothing':
      throw noSuchResource()
    case 'nowhere':
      return pageNotFound
    case 'collection':
      return onCollection(cluster, request, route)
    case 'object':
      return onObject(cluster, request, route)
  }
}

const onCollection = (cluster: Cluster, request: ServerRequest, collection: Collection): ServerResponse => {
  const { definition } = collection
  const query = request.query ?? {}
  const as = representationIn(request.accept ?? '')
  switch (request.method) {
    case 'GET': {
      const { objects, metadata } = list(cluster, collection, query)
      return json(200, representList(as, definition, objects, metadata, cluster.clock.now()))
    }
    case 'POST': {
      checkMediaType(request)
      const write = writeOf(request, { ...collection, to: 'object', name: '', subresource: undefined })
      return written(cluster, write, as, createFromPost(cluster, write, request.body ?? ''))
    }
    case 'DELETE': {
      const { objects, metadata } = list(cluster, collection, query)
      const options = deleteOptions(request)
      for (const { metadata: found } of objects) {
        const namespace = definition.namespaced ? found.namespace : undefined
        removeObject(cluster, { definition, namespace, name: found.name, options, dryRun: isDryRun(request, options) })
      }
      return json(200, representList(as, definition, objects, metadata, cluster.clock.now()))
    }
    default:
      throw methodNotAllowed()
  }
}

type ObjectRoute = Extract<Route, { to: 'object' }>

const onObject = (cluster: Cluster, request: ServerRequest, route: ObjectRoute): ServerResponse => {
  const { definition, subresource } = route
  const known = definition.subresources.some(name => name === subresource)
  if (subresource !== undefined && !known) throw lacking(definition.unsupported?.[subresource]) ?? noSuchResource()
  const as = representationIn(request.accept ?? '')
  const write = writeOf(request, route)
  const body = request.body ?? ''
  switch (request.method) {
    case 'GET': {
      const object = currentOf(cluster, route)
      return jsonText(200, shown(cluster, write, as, object))
    }
    case 'PUT':
      checkMediaType(request)
      return written(cluster, write, as, put(cluster, write, body))
    case 'PATCH': {
      const force = isTrue(request.query?.['force'])
      const managerGiven = (request.query?.['fieldManager'] ?? '') !== ''
      const contentType = mediaType(request)
      return written(cluster, write, as, patch(cluster, write, contentType, body, { force, managerGiven }))
    }
    case 'DELETE': {
      if (subresource !== undefined) throw methodNotAllowed()
      return removed(cluster, request, route, as)
    }
    default:
      throw methodNotAllowed()
  }
}

const lacking = (sentence: string | undefined): StatusError | undefined =>
  sentence === undefined ? undefined : new StatusError(501, 'NotImplemented', sentence)

const removed = (cluster: Cluster, request: ServerRequest, route: ObjectRoute, as: Representation): ServerResponse => {
  const { definition, name } = route
  const options = deleteOptions(request)
  const { object, pending } = removeObject(cluster, { ...route, options, dryRun: isDryRun(request, options) })
  if (pending) return json(200, represent(as, definition, object, cluster.clock.now()))
  return json(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name,
      ...(definition.group === '' ? {} : { group: definition.group }),
      kind: definition.resource,
      uid: object.metadata.uid,
    },
  })
}

const mediaType = (request: ServerRequest): string => (request.contentType ?? '').split(';')[0]?.trim() ?? ''

const objectTypes = ['application/json', 'application/yaml']

/** Protobuf, which some of kubectl's generators send, has become JSON in http.ts. */
const checkMediaType = (request: ServerRequest): void => {
  const type = mediaType(request)
  if (type !== '' && !objectTypes.includes(type)) throw unsupportedMediaType(objectTypes)
}

const deleteOptions = (request: ServerRequest): JsonObject => {
  const query = request.query ?? {}
  const inBody = (request.body ?? '') === '' ? {} : objectIn(request.body ?? '', 'DeleteOptions')
  const policy = query['propagationPolicy']
  return policy === undefined ? inBody : { propagationPolicy: policy, ...inBody }
}

const isDryRun = (request: ServerRequest, options: JsonObject = {}): boolean =>
  request.query?.['dryRun'] === 'All' || (Array.isArray(options['dryRun']) && options['dryRun'].includes('All'))

const writeOf = (request: ServerRequest, route: ObjectRoute): Write => {
  const query = request.query ?? {}
  const { subresource } = route
  const validation = query['fieldValidation']
  return {
    ...route,
    subresource: subresource === 'status' || subresource === 'scale' ? subresource : undefined,
    manager: query['fieldManager'] ?? (request.userAgent ?? '').split('/')[0] ?? '',
    isPatch: request.method === 'PATCH',
    dryRun: isDryRun(request),
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
  }
}

const written = (
  cluster: Cluster,
  write: Write,
  as: Representation,
  { object, created, warnings }: WriteResult,
): ServerResponse => {
  const warning = warnings.map(text => `299 - ${JSON.stringify(text)}`).join(', ')
  return jsonText(created ? 201 : 200, shown(cluster, write, as, object), warning === '' ? {} : { warning })
}

/** An object, or its scale, as JSON in the form that a client asked for. */
const shown = (
  { clock, textOf }: Cluster,
  { definition, subresource }: Write,
  as: Representation,
  object: StoredObject,
): string => {
  if (subresource === 'scale') return JSON.stringify(scaleOf(definition, object))
  return as === 'object' ? textOf(definition, object) : JSON.stringify(represent(as, definition, object, clock.now()))
}

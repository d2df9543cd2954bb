/**
 * A Kubernetes API server in memory, for the playground, the API tests and the simulation. No other
 * part of the product imports it, and it imports none of the roles.
 *
 * It supports what the product, its client and kubectl need. The tests in `test/api` run on it and
 * on a real server, so that both behave alike. A request passes `route.ts`, `modify.ts`, `write.ts`
 * and `store.ts`. Resources are rows of the table `builtin.ts`, or made from a CRD by `crd.ts`.
 */
import type { JsonObject } from '../src/api/json.ts'
import type { StoredObject } from '../src/api/object.ts'
import type { Clock, Random } from '../src/environment/environment.ts'
import { objectIn } from './body.ts'
import { celRules } from './cel.ts'
import { createState, type ServerState } from './state.ts'
import { document } from './discovery.ts'
import { list, type Collection, type Query } from './list.ts'
import { patch, createFromPost, put } from './modify.ts'
import { removeObject } from './remove.ts'
import { answerReview } from './reviews.ts'
import { json, answerInJson, pageNotFound, plainAnswer, type ServerResponse } from './response.ts'
import { routeOf, type Route } from './route.ts'
import type { RuleCompiler } from './rule.ts'
import { scaleOf } from './scale.ts'
import { methodNotAllowed, noSuchResource, StatusError, unsupportedMediaType } from './status.ts'
import { createStore, type Snapshot, type StoreChange } from './store.ts'
import { represent, representationIn, representList, type Representation } from './table.ts'
import { isTrue, serveWatch, type WatchSink } from './watch.ts'
import { currentOf, type Write, type WriteResult } from './write.ts'

export interface ServerRequest {
  readonly method: string
  /** The path of the URL, percent-encoded and without the query. */
  readonly path: string
  readonly query?: Query
  readonly contentType?: string
  readonly accept?: string
  /** The server derives the field manager of a write from it if the query names none. */
  readonly userAgent?: string
  readonly body?: string
}

/** Answers requests synchronously. Of a cluster's controllers it has only the garbage collector. */
export interface ApiServer {
  handle(request: ServerRequest): ServerResponse
  /**
   * Opens a watch, which sends its first lines at once. Returns a function that cancels it, or the
   * response that refuses it.
   */
  watch(request: ServerRequest, sink: WatchSink): (() => void) | ServerResponse
  /**
   * Passes each later change of a collection, such as `apps/deployments`, to `listener`, in the
   * stored form.
   */
  observe(kept: string, listener: (change: StoreChange) => void): void
  /** Returns all objects of a collection, in the stored form. */
  stored(kept: string): readonly StoredObject[]
  /** Returns a snapshot of all that is stored. */
  snapshot(): Snapshot
  /**
   * Returns a server with what is in a snapshot, as if etcd had been restored from it. This server
   * stays as it is, with its watches. Custom resources stay served.
   */
  restored(snapshot: Snapshot): ApiServer
}

/** How long old versions can be read by default, in milliseconds. Equal to the real server's. */
const defaultHistoryMs = 5 * 60_000

export const createApiServer = (options: {
  readonly clock: Clock
  readonly random: Random
  /**
   * How long old versions are kept, in milliseconds. Lists and watches from earlier versions get
   * 410.
   */
  readonly historyMs?: number
  /**
   * Compiles the rules of CRDs. Default: CEL. A simulation without rules passes `() => () => true`.
   */
  readonly rules?: RuleCompiler
}): ApiServer => {
  const { clock, random, historyMs = defaultHistoryMs, rules = celRules } = options
  return serverOf(createState(clock, random, historyMs, rules), historyMs)
}

const serverOf = (state: ServerState, historyMs: number): ApiServer => {
  return {
    handle: request => answering(() => handle(state, request)),
    watch: (request, sink) => {
      try {
        return watch(state, request, sink)
      } catch (error) {
        return refusal(error)
      }
    },
    observe: (kept, listener) => void state.store.subscribe(kept, listener),
    stored: kept => state.store.list(kept, '').map(([, object]) => object),
    snapshot: () => state.store.snapshot(),
    restored: snapshot => serverOf({ ...state, store: createStore(state.clock, historyMs, snapshot) }, historyMs),
  }
}

/** Returns whether a request opens a watch. Such a request is for `watch`, not for `handle`. */
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

const watch = (state: ServerState, request: ServerRequest, sink: WatchSink): (() => void) | ServerResponse => {
  const route = routeOf(state.definitions, request.path)
  const as = representationIn(request.accept ?? '')
  const query = request.query ?? {}
  if (route.to === 'collection') return serveWatch(state, route, query, as, sink)
  if (route.to === 'object') {
    const { name } = route
    return serveWatch(state, route, { ...query, fieldSelector: `metadata.name=${name}` }, as, sink)
  }
  return handle(state, request)
}

const handle = (state: ServerState, request: ServerRequest): ServerResponse => {
  const reviewed = answerReview(request)
  if (reviewed !== undefined) return json(201, reviewed)
  const route = routeOf(state.definitions, request.path)
  switch (route.to) {
    case 'document': {
      const found = document(state.definitions.all(), route.path)
      if (found === undefined) return pageNotFound
      if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed()
      return typeof found === 'string' ? plainAnswer(200, found) : json(200, found)
    }
    case 'nothing':
      throw noSuchResource()
    case 'nowhere':
      return pageNotFound
    case 'collection':
      return onCollection(state, request, route)
    case 'object':
      return onObject(state, request, route)
  }
}

const onCollection = (state: ServerState, request: ServerRequest, collection: Collection): ServerResponse => {
  const { definition } = collection
  const query = request.query ?? {}
  const as = representationIn(request.accept ?? '')
  switch (request.method) {
    case 'GET': {
      const { objects, metadata } = list(state, collection, query)
      return json(200, representList(as, definition, objects, metadata, state.clock.now()))
    }
    case 'POST': {
      checkMediaType(request)
      const write = writeOf(request, { ...collection, to: 'object', name: '', subresource: undefined })
      return written(state, write, as, createFromPost(state, write, request.body ?? ''))
    }
    case 'DELETE': {
      const { objects, metadata } = list(state, collection, query)
      const options = deleteOptions(request)
      const dryRun = isDryRun(options)
      for (const { metadata: found } of objects) {
        const namespace = definition.namespaced ? found.namespace : undefined
        removeObject(state, { definition, namespace, name: found.name, options, dryRun })
      }
      return json(200, representList(as, definition, objects, metadata, state.clock.now()))
    }
    default:
      throw methodNotAllowed()
  }
}

type ObjectRoute = Extract<Route, { to: 'object' }>

const onObject = (state: ServerState, request: ServerRequest, route: ObjectRoute): ServerResponse => {
  const { definition, subresource } = route
  const known = definition.subresources.some(name => name === subresource)
  if (subresource !== undefined && !known) throw lacking(definition.unsupported?.[subresource]) ?? noSuchResource()
  const as = representationIn(request.accept ?? '')
  const write = writeOf(request, route)
  const body = request.body ?? ''
  switch (request.method) {
    case 'GET': {
      const object = currentOf(state, route)
      return answerInJson(200, shown(state, write, as, object))
    }
    case 'PUT':
      checkMediaType(request)
      return written(state, write, as, put(state, write, body))
    case 'PATCH': {
      const force = isTrue(request.query?.['force'])
      const managerGiven = (request.query?.['fieldManager'] ?? '') !== ''
      const contentType = mediaType(request)
      return written(state, write, as, patch(state, write, contentType, body, { force, managerGiven }))
    }
    case 'DELETE': {
      if (subresource !== undefined) throw methodNotAllowed()
      return removed(state, request, route)
    }
    default:
      throw methodNotAllowed()
  }
}

const lacking = (sentence: string | undefined): StatusError | undefined =>
  sentence === undefined ? undefined : new StatusError(501, 'NotImplemented', sentence)

const removed = (state: ServerState, request: ServerRequest, route: ObjectRoute): ServerResponse => {
  const { definition, name } = route
  const options = deleteOptions(request)
  const { object, pending } = removeObject(state, { ...route, options, dryRun: isDryRun(options) })
  const as = representationIn(request.accept ?? '')
  if (pending) return json(200, represent(as, definition, object, state.clock.now()))
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

/** Checks the media type. http.ts has already converted protobuf to JSON. */
const checkMediaType = (request: ServerRequest): void => {
  const type = mediaType(request)
  if (type !== '' && !objectTypes.includes(type)) throw unsupportedMediaType(objectTypes)
}

/** Returns the options of a deletion. As on a real API server, the query does not count if there is a body. */
const deleteOptions = ({ body = '', query = {} }: ServerRequest): JsonObject => {
  if (body !== '') return objectIn(body, 'DeleteOptions')
  const { dryRun, ...others } = query
  return { ...others, ...(dryRun !== undefined && { dryRun: [dryRun] }) }
}

const isDryRun = ({ dryRun }: JsonObject): boolean => Array.isArray(dryRun) && dryRun.includes('All')

const writeOf = (request: ServerRequest, route: ObjectRoute): Write => {
  const query = request.query ?? {}
  const { subresource } = route
  const validation = query['fieldValidation']
  return {
    ...route,
    subresource: subresource === 'status' || subresource === 'scale' ? subresource : undefined,
    manager: query['fieldManager'] ?? (request.userAgent ?? '').split('/')[0] ?? '',
    isPatch: request.method === 'PATCH',
    dryRun: query['dryRun'] === 'All',
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
  }
}

const written = (
  state: ServerState,
  write: Write,
  as: Representation,
  { object, created, warnings }: WriteResult,
): ServerResponse => {
  const warning = warnings.map(text => `299 - ${JSON.stringify(text)}`).join(', ')
  return answerInJson(created ? 201 : 200, shown(state, write, as, object), warning === '' ? {} : { warning })
}

/** Returns an object or its scale as JSON, in the form that the client asked for. */
const shown = (
  { clock, textOf }: ServerState,
  { definition, subresource }: Write,
  as: Representation,
  object: StoredObject,
): string => {
  if (subresource === 'scale') return JSON.stringify(scaleOf(definition, object))
  return as === 'object' ? textOf(definition, object) : JSON.stringify(represent(as, definition, object, clock.now()))
}

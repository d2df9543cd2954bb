import type { ApiConnection, ApiRequest, SpanName, Tracing } from './environment.ts'

/** Tracing whose spans are exported. */
export interface Exported {
  readonly tracing: Tracing
  /** Sends the spans that still wait. */
  close(): Promise<void>
}

/** Returns a connection that makes each request a part of the trace of its post. */
export const tracedConnection = (api: ApiConnection, tracing: Tracing): ApiConnection => ({
  request: request => tracing.request(request, sent => api.request(sent)),
  watch: (request, stop) => api.watch(request, stop),
})

/** Does a part of a post's work, with a span if posts are traced. */
export const inSpan = <T>(tracing: Tracing | undefined, name: SpanName, work: () => Promise<T>): Promise<T> =>
  tracing ? tracing.inSpan(name, work) : work()

/** The ids of a trace that somebody else has begun, and whether they record it. */
export interface TraceParent {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

/**
 * Reads the header traceparent (https://www.w3.org/TR/trace-context/). Returns undefined if it does
 * not have the form of version 00, or is absent.
 */
export const parseTraceParent = (header: string | undefined): TraceParent | undefined => {
  const [, traceId, spanId, flags = ''] = form.exec(header ?? '') ?? []
  return traceId === undefined || spanId === undefined
    ? undefined
    : { traceId, spanId, isSampled: Number.parseInt(flags, 16) % 2 === 1 }
}

/** Returns the header traceparent. */
export const traceParentOf = ({ isSampled, spanId, traceId }: TraceParent): string =>
  `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`

/**
 * Returns the name of a request's span: what it does, and to which resource. It never has the name
 * of an object, or a query.
 */
export const requestSpanName = ({ method, path }: Pick<ApiRequest, 'method' | 'path'>): string => {
  const verb = method === 'GET' ? 'read' : 'write'
  const [, root, ...parts] = path.split('/')
  const behindVersion = root === 'api' ? parts.slice(1) : root === 'apis' ? parts.slice(2) : []
  const isNamespaced = behindVersion[0] === 'namespaces' && behindVersion.length > 2
  const [resource, , subresource] = isNamespaced ? behindVersion.slice(2) : behindVersion
  if (resource === undefined) return verb
  if (resource === 'receiverhookrecords') return `record ${verb}`
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`
}

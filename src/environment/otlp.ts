import { AsyncLocalStorage } from 'node:async_hooks'
import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'
import type {
  ApiRequest,
  ApiResponse,
  Clock,
  Log,
  SpanName,
  TracedResult,
  TracedRoute,
  Tracing,
} from './environment.ts'
import { rateLimiter, type RateLimiter } from './rate.ts'
import { type Exported, parseTraceParent, requestSpanName, traceParentOf, type TraceParent } from './tracing.ts'

/*
 * Spans by OpenTelemetry, and their export by OTLP over HTTP. This file is loaded only if an
 * endpoint is configured.
 */

/**
 * How many posts each replica exports a second. The sampled flag of a sender counts only within
 * this rate, so the holder of a URL cannot fill the collector.
 */
const exported = { perSecond: 10, burst: 20 } as const

/** How long an export may take, in milliseconds. The end of the process waits for the last one. */
const exportWithinMs = 3000

/** A post in progress. */
interface Post {
  readonly arrivedAt: number
  readonly parent: TraceParent | undefined
  isAdmitted: boolean
  /** Its spans and requests no longer belong to it. Another post may continue its work. */
  isOver: boolean
  /** Absent if the post is not exported. */
  span?: Span
}

/** The post that the present work is for, and the span of the innermost part. */
interface Place {
  readonly post: Post
  readonly span?: Span
}

export class OtelTracing implements Tracing {
  readonly #clock: Clock
  readonly #rate: RateLimiter
  readonly #tracer: Tracer
  readonly #places = new AsyncLocalStorage<Place>()

  constructor(clock: Clock, tracer: Tracer) {
    this.#clock = clock
    this.#rate = rateLimiter(clock, 1)
    this.#tracer = tracer
  }

  post<T>(traceparent: string | undefined, work: () => Promise<T>): Promise<T> {
    const parent = parseTraceParent(traceparent)
    const post: Post = { arrivedAt: this.#clock.now(), parent, isAdmitted: false, isOver: false }
    return this.#places.run({ post }, async () => {
      try {
        return await work()
      } finally {
        post.isOver = true
        post.span?.end()
      }
    })
  }

  admit(
    { name, namespace }: { readonly namespace: string; readonly name: string },
    route: TracedRoute = '/v1/trigger/{token}',
  ): void {
    const post = this.#places.getStore()?.post
    if (!post || post.isAdmitted) return
    post.isAdmitted = true
    const { arrivedAt, parent } = post
    if (parent?.isSampled === false || !this.#rate.take('', exported)) return
    const attributes = {
      'http.request.method': 'POST',
      'http.route': route,
      'receiverhooks.namespace': namespace,
      'receiverhooks.hook': name,
    }
    const options = { kind: SpanKind.SERVER, startTime: arrivedAt, attributes }
    post.span = this.#tracer.startSpan(`POST ${route}`, options, contextOf(parent))
    const first = route === '/v1/trigger/{token}' ? 'token' : 'auth'
    this.#tracer.startSpan(first, { startTime: arrivedAt }, trace.setSpan(ROOT_CONTEXT, post.span)).end()
  }

  inSpan<T>(name: SpanName, work: () => Promise<T>): Promise<T> {
    const place = this.#here()
    if (!place?.span) return work()
    const { post, span: outer } = place
    const span = this.#tracer.startSpan(name, {}, trace.setSpan(ROOT_CONTEXT, outer))
    return this.#places.run({ post, span }, () => inOwnSpan(span, work))
  }

  answer(send: () => void): void {
    const outer = this.#here()?.span
    const span = outer && this.#tracer.startSpan('answer', {}, trace.setSpan(ROOT_CONTEXT, outer))
    try {
      send()
    } finally {
      span?.end()
    }
  }

  result({ status, ...labels }: TracedResult): void {
    const span = this.#places.getStore()?.post.span
    if (!span) return
    if (status > 0) span.setAttribute('http.response.status_code', status)
    // The server span of a 5xx is an error, that of a 4xx is not.
    if (status === 0 || status > 499) span.setStatus({ code: SpanStatusCode.ERROR })
    for (const [name, value] of Object.entries(labels))
      if (value !== '') span.setAttribute(`receiverhooks.${name}`, value)
  }

  traceId(): string | undefined {
    const post = this.#places.getStore()?.post
    if (!post?.isAdmitted) return undefined
    return post.span?.spanContext().traceId ?? post.parent?.traceId
  }

  request(request: ApiRequest, send: (request: ApiRequest) => Promise<ApiResponse>): Promise<ApiResponse> {
    const place = this.#here()
    if (!place) return send(request)
    if (!place.span) {
      const { parent } = place.post
      return send(parent ? { ...request, traceparent: traceParentOf({ ...parent, isSampled: false }) } : request)
    }
    const options = { kind: SpanKind.CLIENT, attributes: { 'http.request.method': request.method } }
    const span = this.#tracer.startSpan(requestSpanName(request), options, trace.setSpan(ROOT_CONTEXT, place.span))
    return inOwnSpan(span, async () => {
      const answer = await send({ ...request, traceparent: traceParentOf({ ...span.spanContext(), isSampled: true }) })
      span.setAttribute('http.response.status_code', answer.status)
      return answer
    })
  }

  /** Returns the place in an admitted post that is not over, or undefined. */
  #here(): Place | undefined {
    const place = this.#places.getStore()
    if (!place || place.post.isOver || !place.post.isAdmitted) return undefined
    return place.span || !place.post.span ? place : { post: place.post, span: place.post.span }
  }
}

const contextOf = (parent: TraceParent | undefined): Context =>
  parent
    ? trace.setSpanContext(ROOT_CONTEXT, {
        traceId: parent.traceId,
        spanId: parent.spanId,
        traceFlags: TraceFlags.SAMPLED,
        isRemote: true,
      })
    : ROOT_CONTEXT

/** Runs the work of a span, and ends the span. The text of an error may quote a secret, so it is left out. */
const inOwnSpan = async <T>(span: Span, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}

/** What an exporting process says of itself. */
export interface Exporting {
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  readonly instance: string
  /** Where the collector is. Undefined: the variables OTEL_EXPORTER_OTLP_* say it. */
  readonly endpoint: string | undefined
  /** How long spans wait for others before they are exported together, in milliseconds. */
  readonly exportEveryMs?: number
}

/** Returns tracing that exports, and what sends the last spans. Spans beyond 2,048 that wait are dropped. */
export const exportingTracing = (
  options: Exporting,
  exporter: SpanExporter = otlpExporter(options.endpoint),
): Exported => {
  const { clock, exportEveryMs = 5000, instance, log, version } = options
  const ignored = (): void => {}
  const error = (message: string): void => log.warn({ message }, "can't export spans")
  diag.setLogger({ error, warn: ignored, info: ignored, debug: ignored, verbose: ignored }, DiagLogLevel.ERROR)
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'receiver-hooks',
      'service.version': version,
      'service.instance.id': instance,
    }).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        exportTimeoutMillis: exportWithinMs,
        scheduledDelayMillis: exportEveryMs,
      }),
    ],
  })
  return {
    tracing: new OtelTracing(clock, provider.getTracer('receiver-hooks', version)),
    close: () => provider.shutdown(),
  }
}

const otlpExporter = (endpoint: string | undefined): SpanExporter =>
  new OTLPTraceExporter({
    timeoutMillis: exportWithinMs,
    ...(endpoint === undefined ? {} : { url: `${endpoint.replace(/\/+$/, '')}/v1/traces` }),
  })

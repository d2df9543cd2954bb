/**
 * What cannot be predicted: time, chance and the network. All code gets these as parameters. So it
 * runs on a real API server, on the in-memory one, and in virtual time. This file has only
 * interfaces. system.ts and node.ts implement them.
 */

/** Time and its timers. Implementations must never call `run` before `after` has returned. */
export interface Clock {
  /** Returns the wall clock in milliseconds since the epoch. It may jump in either direction. */
  now(): number
  /**
   * Returns the milliseconds since some fixed moment. The number never decreases. For leases, waits
   * and latencies.
   */
  monotonic(): number
  /** Runs `run` once, `ms` milliseconds from now. Returns a function that cancels it. */
  after(ms: number, run: () => void): () => void
}

export interface Random {
  /** Returns `n` random bytes that are safe for keys. */
  bytes(n: number): Uint8Array
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The percent-encoded path. It begins with a slash and has no query. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** The media type of `body`. Default: `application/json`. */
  readonly contentType?: string
  readonly body?: string
  /** The longest body of the answer, in bytes. Default: `maxAnswerBytes`. A longer body is dropped. */
  readonly maxBytes?: number
  /**
   * Paths of short values. If the body, or a line of the watch, is too long, only these values are
   * kept. json-picker.ts says how a path is written. Absent: nothing is kept.
   */
  readonly pick?: readonly string[]
  /**
   * Asks only for the metadata: of one object as PartialObjectMetadata, of a list as
   * PartialObjectMetadataList. `key set`: asks for a JSON Web Key Set (RFC 7517). The API server answers
   * 406 if the form does not fit. Absent: whole objects.
   */
  readonly as?: 'metadata' | 'metadata list' | 'key set'
  /** Requests of one lane share connections. Different lanes share none, so no lane can delay another. */
  readonly lane: Lane
  readonly timeoutMs: number
  /**
   * The user as whom the request is made, in place of this process's own account: the header
   * Impersonate-User.
   */
  readonly user?: string
  /**
   * True if the answer decides whether a write was made. Then it must not be from before etcd was
   * restored.
   */
  readonly isEvidence?: true
  /** The header traceparent: the trace that the request is part of. Absent if it is part of none. */
  readonly traceparent?: string
}

/**
 * What a request is for:
 * - step: a delivery waits for it.
 * - act: a delivery with a rollout waits for it.
 * - look: a read that shows the outcome of a delivery's change.
 * - lookup: a read that shows whether a hook exists. Any post can make this request necessary.
 * - bulk: no delivery waits for it.
 * - watch: a watch, or a proof that it is current.
 * - lease: the leader's lease.
 */
export type Lane = 'step' | 'act' | 'look' | 'lookup' | 'bulk' | 'watch' | 'lease'

/** Values that were picked from a JSON document, as texts by their paths. */
export type Picked = ReadonlyMap<string, string>

export interface ApiResponse {
  readonly status: number
  /**
   * The headers of the answer, by their names in lower case. A header that was sent several times
   * may be a list.
   */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The text of the body. Empty if the body was too long. */
  readonly body: string
  /** The picked values of a body that is longer than the request allows. */
  readonly tooLarge?: Picked
}

/** A connection to a Kubernetes API server. */
export interface ApiConnection {
  /** Resolves with the server's answer, also if it is an error. Rejects only with {@link Unreachable}. */
  request(request: ApiRequest): Promise<ApiResponse>
  /**
   * Opens a watch and yields its lines, each one JSON document. From a line longer than `maxBytes`
   * it yields only the values at the paths in `pick`.
   * It ends when the server ends the watch without an error, or when `stop` is aborted. It throws
   * `Unreachable` if the connection is lost, and `WatchRefused` if the server answers with an
   * error. `timeoutMs` limits only the wait for the response's head.
   */
  watch(request: ApiRequest, stop: AbortSignal): Watch
}

/** A line of a watch, or the picked values of a line that is too long. */
export type WatchLine = string | Picked

/** The lines of a watch, and a way to ask the same server. */
export interface Watch extends AsyncIterable<WatchLine> {
  /**
   * Sends a request over the open connection of the watch, so that the server of the watch answers.
   * Resolves with undefined if the connection carries only the watch, as with HTTP/1.1. Rejects
   * with {@link Unreachable}.
   */
  readonly ask: (request: ApiRequest) => Promise<ApiResponse | undefined>
}

/** A request to another host than the API server, such as a receiver of forwarded deliveries. */
export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** An absolute URL with the scheme `http` or `https`. */
  readonly url: string
  /** The headers, by their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly timeoutMs: number
  /** The longest body of the answer, in bytes. A longer one is dropped, and `body` is empty. */
  readonly maxBytes: number
}

/**
 * Sends a request and resolves with the answer, also if it is an error or a redirect. It follows no
 * redirects. Rejects only with {@link Unreachable}.
 */
export type Outbound = (request: OutboundRequest) => Promise<ApiResponse>

/** Writes one structured line. Its fields must never hold a token or a secret. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

export type LogFields = Readonly<Record<string, unknown>>

export type Labels = Readonly<Record<string, string | number>>

export interface Counter {
  add(labels: Labels, by?: number): void
  /** Removes each series whose labels match. A later `add` to it begins at 0 again. */
  forget(which: (labels: Partial<Labels>) => boolean): Promise<void>
}

/**
 * Counters only rise; gauges are set; histograms observe seconds. If a name is created again, the
 * first metric is returned.
 */
export interface Metrics {
  counter(name: string, help: string, labels: readonly string[]): Counter
  /** A gauge whose value is set to undefined has no series for these labels any more. */
  gauge(name: string, help: string, labels: readonly string[]): { set(labels: Labels, value: number | undefined): void }
  histogram(
    name: string,
    help: string,
    labels: readonly string[],
    buckets: readonly number[],
  ): { observe(labels: Labels, seconds: number): void }
  /** Returns all metrics in the Prometheus text format. */
  text(): Promise<string>
}

/** The variables that an expression can read. */
export interface ExpressionVariables {
  /**
   * The body in UTF-8, if it is a JSON object or list. Absent otherwise: the variable `body` is
   * then null.
   */
  readonly body?: Uint8Array
  /** The headers of the post, by their names in lower case. Headers with secrets are left out. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** The name of the sender module that recognised the delivery. */
  readonly sender: string
}

export interface Evaluation {
  /**
   * The namespace of the hook, and the owner of the expression: the hook's uid. Namespaces take
   * turns, and in each namespace its owners.
   */
  readonly namespace: string
  readonly owner: string
  readonly expression: string
  readonly variables: ExpressionVariables
  /** How long the answer may take, including all waits, in milliseconds. */
  readonly withinMs: number
}

/**
 * The result of an expression for a delivery: its value, or a text that says why there is none. The
 * text does not quote the delivery.
 */
export type Evaluated =
  | { readonly counts: boolean }
  /** The expression failed, or its result is not a boolean. */
  | { readonly failed: string }
  /** The expression used more time or memory than allowed. */
  | { readonly ranOver: string }
  /** The expression was not evaluated. Trying again may help. */
  | { readonly unavailable: string }

/** A request to check one expression, without a delivery. */
export interface ExpressionCheck {
  /** The owner of the expression: the hook's namespace. Owners take turns. */
  readonly owner: string
  readonly expression: string
  /** How long the answer may take, including all waits, in milliseconds. */
  readonly withinMs: number
}

/** The result of checking an expression before it runs. */
export type Checked =
  | { readonly sound: true }
  /** The expression can never work. The text says why, and at which place of the expression. */
  | { readonly mistake: string }
  /** The check used more time or memory than allowed. */
  | { readonly ranOver: string }
  /** The expression was not checked. Trying again may help. */
  | { readonly unavailable: string }

/** The parts of a post that have a span of their own. Requests to the API server have further ones. */
export type SpanName = 'auth' | 'body' | 'gates' | 'driver'

/** The result of a post, for its span. None of these values comes from the body or the URL. */
export type TracedResult = Readonly<Record<'driver' | 'sender' | 'outcome' | 'reason', string>> & {
  readonly status: number
}

/** The path of a post without what can be a secret. By default it is the path with a token. */
export type TracedRoute = '/v1/trigger/{token}' | '/v1/hooks/{namespace}/{name}'

/** Makes spans of posts. Each call is about the post in progress, also after an `await`. */
export interface Tracing {
  /** Runs the work of a post. `traceparent` is the header of the sender. */
  post<T>(traceparent: string | undefined, work: () => Promise<T>): Promise<T>
  /**
   * Begins the trace of the post, because its token is valid, or because it has proved itself at a URL
   * with a name. No other post is exported.
   */
  admit(hook: { readonly namespace: string; readonly name: string }, route?: TracedRoute): void
  /** Runs a part of the post in a span. */
  inSpan<T>(name: SpanName, work: () => Promise<T>): Promise<T>
  answer(send: () => void): void
  /** Adds the result to the span of the post. */
  result(result: TracedResult): void
  /** Returns the trace id of an admitted post: its own, or that of its sender if it is not exported. */
  traceId(): string | undefined
  /** Sends a request to the API server, with the trace of the post in its head. */
  request(request: ApiRequest, send: (request: ApiRequest) => Promise<ApiResponse>): Promise<ApiResponse>
}

/** Checks and evaluates the expressions of hooks (`when`). An expression can harm only its own hook. */
export interface Expressions {
  /** Checks an expression. Never rejects. */
  check(check: ExpressionCheck): Promise<Checked>
  /** Evaluates an expression. Never rejects. */
  evaluate(evaluation: Evaluation): Promise<Evaluated>
  /** Keeps what evaluates running, so that the first evaluation need not wait for its start, or ends that. */
  keepReady(isWanted: boolean): void
}

export interface Environment {
  readonly clock: Clock
  readonly random: Random
  readonly api: ApiConnection
  readonly outbound: Outbound
  /** Runs `when`: the controller checks it, the trigger evaluates it. */
  readonly expressions: Expressions
  readonly log: Log
  readonly metrics: Metrics
  /** Makes spans of posts. Absent if nothing collects them. */
  readonly tracing?: Tracing | undefined
}

/**
 * What can surprise us: time, chance and the network. Everything in the product gets these passed in, so that the same
 * code runs on a real API server, on the in-memory one, and in virtual time. Interfaces only; node.ts provides them.
 */

/** Time and its timers. Implementations must never call `run` before `after` has returned. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump in either direction. */
  now(): number
  /** Milliseconds since some fixed moment; never goes back. For leases, waits and latencies. */
  monotonic(): number
  /** Runs `run` once, `ms` milliseconds from now. Returns a function that cancels it. */
  after(ms: number, run: () => void): () => void
}

export interface Random {
  /** `n` bytes fit for keys. */
  bytes(n: number): Uint8Array
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Percent-encoded, begins with a slash, has no query. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** The media type of `body`; `application/json` when absent. */
  readonly contentType?: string
  readonly body?: string
  /** How long the body of the answer may be, in bytes; `maxAnswerBytes` when absent. More than that is not held. */
  readonly maxBytes?: number
  /**
   * What to take of a longer body, or of a longer line of a watch: the short values at these paths, as json-picker.ts reads
   * them. Where it is absent, no more of a longer body is read.
   */
  readonly pick?: readonly string[]
  /**
   * Ask for the metadata of objects alone: of one as PartialObjectMetadata, of a list as PartialObjectMetadataList. The API server
   * answers 406 to the one that does not fit. Objects are whole when absent.
   */
  readonly as?: 'metadata' | 'metadata list'
  /** Requests of one lane share connections; lanes share none, so that none stalls another. */
  readonly lane: Lane
  readonly timeoutMs: number
}

/** step: a delivery waits for it. lookup: whether there is such a hook at all, which anybody's post may ask. */
export type Lane = 'step' | 'act' | 'look' | 'lookup' | 'bulk' | 'watch' | 'lease'

/** Short values of a JSON document, as text, by the paths that were asked for. */
export type Picked = ReadonlyMap<string, string>

export interface ApiResponse {
  readonly status: number
  /** Names in lower case. One that was sent more than once may be a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Empty where it was too long. */
  readonly body: string
  /** Present where the body was longer than the request allows: what was picked of it. */
  readonly tooLarge?: Picked
}

/** A connection to a Kubernetes API server. */
export interface ApiConnection {
  /** Resolves with the server's answer, errors included. Rejects only with {@link Unreachable}. */
  request(request: ApiRequest): Promise<ApiResponse>
  /**
   * Opens a watch and yields its lines, each one JSON document. Of a line that is longer than
   * `maxBytes`, it yields only what `pick` asks for. The watch ends when the server closes it in
   * order, or when `stop` is aborted. It throws `Unreachable` when it is cut, and `WatchRefused`
   * when the server answers with an error. `timeoutMs` bounds only the wait for the response's head.
   */
  watch(request: ApiRequest, stop: AbortSignal): Watch
}

/** A line of a watch; or what was picked of one that is too long. */
export type WatchLine = string | Picked

/** The lines of a watch, and a way to ask the server that sends them. */
export interface Watch extends AsyncIterable<WatchLine> {
  /**
   * Sends a request over the connection of the watch, once it is open. So the API server that sends
   * the lines is the one that answers. Resolves with undefined if the connection can carry only the
   * watch, as with HTTP/1.1. Rejects with {@link Unreachable}.
   */
  readonly ask: (request: ApiRequest) => Promise<ApiResponse | undefined>
}

/**
 * A request to anything but the API server: a receiver of forwarded deliveries, or a certificate's
 * host.
 */
export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Absolute; `http` or `https`. */
  readonly url: string
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly timeoutMs: number
  /** How long an answer's body may be, in bytes: a longer one counts as none. */
  readonly mostBytes: number
}

/**
 * Sends a request and resolves with the answer, errors and redirects included. It follows no
 * redirects. Rejects only with {@link Unreachable}.
 */
export type Outbound = (request: OutboundRequest) => Promise<ApiResponse>

/** Writes one structured line. Fields must never hold a token or a secret. */
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
  /** Removes the series whose labels match. The next `add` of one begins again at 0. */
  forget(which: (labels: Partial<Labels>) => boolean): Promise<void>
}

/** Counters only rise; gauges are set; histograms observe seconds. Each is created once, by name. */
export interface Metrics {
  counter(name: string, help: string, labels: readonly string[]): Counter
  gauge(name: string, help: string, labels: readonly string[]): { set(labels: Labels, value: number): void }
  histogram(
    name: string,
    help: string,
    labels: readonly string[],
    buckets: readonly number[],
  ): { observe(labels: Labels, seconds: number): void }
  /** All of them in the Prometheus text format. */
  text(): Promise<string>
}

/** What the expression of a hook can read of a delivery. */
export interface ExpressionVariables {
  /** In UTF-8, when it is a JSON object or list; else absent, and `body` is null. */
  readonly body?: Uint8Array
  /** Names in lower case. Those that hold secrets are kept from the expression. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** The name of the sender module that recognised the delivery. */
  readonly sender: string
}

export interface Evaluation {
  /** Whose expression it is: the hook's uid. One owner does not hold up another. */
  readonly owner: string
  readonly expression: string
  readonly variables: ExpressionVariables
  /** How long the answer may take, all waiting included, in milliseconds. */
  readonly withinMs: number
}

/** What an expression says of a delivery. No message holds anything of the delivery. */
export type Judgement =
  | { readonly counts: boolean }
  /** It failed while it ran, or gave something else than true or false. */
  | { readonly failed: string }
  /** It used more time or memory than it may have. */
  | { readonly ranOver: string }
  /** It has not been judged, and trying again may help. */
  | { readonly unavailable: string }

/** A request to read one expression, without a delivery. */
export interface ExpressionCheck {
  /** Whose expression it is: the hook's namespace. One owner does not hold up another. */
  readonly owner: string
  readonly expression: string
  /** How long the answer may take, all waiting included, in milliseconds. */
  readonly withinMs: number
}

/** What is found in an expression before it ever runs. */
export type Checked =
  | { readonly sound: true }
  /** It cannot be right; says why and where. */
  | { readonly mistake: string }
  /** To check it took more time or memory than that may take. */
  | { readonly ranOver: string }
  /** It has not been checked, and trying again may help. */
  | { readonly unavailable: string }

/** Checks and evaluates the expressions of hooks (`when`), where they can harm nobody but their own hook. */
export interface Expressions {
  /** Never rejects. */
  check(check: ExpressionCheck): Promise<Checked>
  /** Never rejects. */
  evaluate(evaluation: Evaluation): Promise<Judgement>
}

export interface Environment {
  readonly clock: Clock
  readonly random: Random
  readonly api: ApiConnection
  readonly outbound: Outbound
  /** `when`: the controller checks it, the trigger evaluates it. */
  readonly expressions: Expressions
  readonly log: Log
  readonly metrics: Metrics
}

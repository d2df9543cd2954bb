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
  /** Requests of one lane share connections; lanes share none, so that none stalls another. */
  readonly lane: Lane
  readonly timeoutMs: number
}

export type Lane = 'step' | 'bulk' | 'watch' | 'lease'

export interface ApiResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A connection to a Kubernetes API server. */
export interface ApiConnection {
  /** Resolves with whatever the server answered, errors included. Rejects only with {@link Unreachable}. */
  request(request: ApiRequest): Promise<ApiResponse>
  /**
   * Opens a watch and yields its lines, each one JSON document. Ends when the server closes it in order, or when
   * `stop` is aborted; throws `Unreachable` when it is cut, and `WatchRefused` when the server answers with an error.
   * `timeoutMs` bounds the wait for the response's head alone.
   */
  watch(request: ApiRequest, stop: AbortSignal): AsyncIterable<string>
}

/** Writes one structured line. Fields must never hold a token or a secret. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

export type LogFields = Readonly<Record<string, unknown>>

export type Labels = Readonly<Record<string, string | number>>

/** Counters only rise; gauges are set; histograms observe seconds. Each is created once, by name. */
export interface Metrics {
  counter(name: string, help: string, labels: readonly string[]): { add(labels: Labels, by?: number): void }
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

export interface Environment {
  readonly clock: Clock
  readonly random: Random
  readonly api: ApiConnection
  readonly log: Log
  readonly metrics: Metrics
}

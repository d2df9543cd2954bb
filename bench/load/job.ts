import { isObject } from '../../src/api/json.ts'
import type { Flood } from './flood.ts'
import type { Pace } from './pace.ts'

/** What the load process is asked to do. Each job is measured there, and returns one {@link Report}. */
export type Job =
  | PostJob
  | WriteJob
  | SwapJob
  | CreateJob
  | DeleteJob
  | StatusJob
  | ListJob
  | ReadyJob
  | EditJob
  | FloodJob
  | PatchJob
  | StreamJob

/** Posts to trigger URLs, in turns. */
export interface PostJob extends Pace {
  readonly job: 'post'
  readonly urls: readonly string[]
  /** Each an Alertmanager notification that was never sent before, of 1 kB or of 200 kB; no body when absent. */
  readonly body?: 'alertmanager' | 'large alertmanager'
  /** The JSON that each post has instead. */
  readonly json?: string
  /** One of so many has a name of its own; none when absent. */
  readonly oneNamedOf?: number
  /** The body is signed with this key, for a hook whose `auth.hmac` has `X-Signature` for its header. */
  readonly signedWith?: string
  /** The header Authorization of each post. */
  readonly authorization?: string
  /** The loopback address that the posts come from; the system's choice if absent. */
  readonly localAddress?: string
}

/** Marked writes of the counts of these targets, in turns, each from the version that the one before left. */
export interface WriteJob extends Pace {
  readonly job: 'write'
  readonly targets: readonly string[]
  /** The member of spec that holds the count, to be patched on the object itself; absent: the count is applied to /scale. */
  readonly member?: string
  /** The user that the API server takes the writer for; the user who started it if absent. */
  readonly as?: string
  /** Reads each target before it writes, as one must where others write too. */
  readonly readFirst?: boolean
  /** What the count is taken modulo, so that it stays small. */
  readonly modulo?: number
}

/** Steps of one Deployment as they are made without a queue: read, compare and swap, again on a conflict. */
export interface SwapJob {
  readonly job: 'swap'
  readonly target: string
  readonly count: number
  readonly concurrency: number
}

/** Creates objects from a template in which NAME stands for each one's name. */
export interface CreateJob {
  readonly job: 'create'
  readonly path: string
  readonly template: string
  readonly names: readonly string[]
}

/** Deletes all objects of a collection. */
export interface DeleteJob {
  readonly job: 'delete'
  readonly path: string
}

/** Merge-patches the status of these hooks with one as the controller writes it. */
export interface StatusJob {
  readonly job: 'status'
  readonly hooks: readonly string[]
  /** The targets of the hooks, if the metadata of each is to be read first. */
  readonly targets?: readonly string[]
  readonly concurrency: number
}

/** Lists a collection, page by page, without looking at what is in it. */
export interface ListJob {
  readonly job: 'list'
  readonly path: string
}

/** Watches hooks until `count` of them are Ready. */
export interface ReadyJob {
  readonly job: 'ready'
  readonly path: string
  readonly count: number
}

/** Suspends a hook and lets it go on, `count` times, until that is seen each time. */
export interface EditJob {
  readonly job: 'edit'
  readonly hook: string
  readonly collection: string
  readonly count: number
  /** By a watch of all hooks, or in the answers of all of these trigger URLs. */
  readonly seen: 'watch' | readonly string[]
}

/** Floods a trigger by raw sockets for `ms`; `perSecond` bounds it over all connections. */
export interface FloodJob {
  readonly job: 'flood'
  readonly kind: Flood
  /** A good trigger URL, of which the flood is made. */
  readonly url: string
  readonly ms: number
  readonly connections: number
  /** From how many addresses it comes; one if absent. */
  readonly sources?: number
  /** The header Authorization of `wrong credentials`. */
  readonly authorization?: string
  readonly perSecond?: number
}

/** Sends one JSON Patch to each of these objects. */
export interface PatchJob {
  readonly job: 'patch'
  readonly targets: readonly string[]
  readonly body: string
  readonly concurrency: number
}

/** Reads the dashboard's stream of hooks until all rows are there. */
export interface StreamJob {
  readonly job: 'stream'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The result of a job. */
export interface Report {
  /** From its beginning to its end, in milliseconds. */
  readonly elapsedMs: number
  /** How long each request took, in milliseconds. */
  readonly latencies: readonly number[]
  /** Other figures of the job: how many answers of each status, the time of a moment since the epoch. */
  readonly notes: Readonly<Record<string, number>>
}

/** How the load process reaches the API server. */
export interface Reached {
  readonly server: string
  /** PEM; absent over plain HTTP. */
  readonly ca?: string
  readonly token?: string
}

/** The parent's messages. The two sides are one program, so that a name is proof enough. */
export type Asked = { readonly id: number; readonly api: Reached; readonly job: Job }

export type Answered =
  | { readonly id: number; readonly report: Report }
  | { readonly id: number; readonly error: string }

export const isAsked = (message: unknown): message is Asked => isObject(message) && 'id' in message && 'job' in message

export const isAnswered = (message: unknown): message is Answered =>
  isObject(message) && 'id' in message && ('report' in message || 'error' in message)

import type { ConnectionLimits } from '../environment/places.ts'

/** All limits of the trigger. Times are in milliseconds. */

/** The time from the arrival of a post to its answer. Alert senders wait 5 to 15 s. */
export const answerWithinMs = 4000

/** How often a post is tried at most. It begins again when its hook changed while it waited. */
export const maxRounds = 5

/**
 * The part of a delivery's time that its expression leaves for the step, which usually takes a tenth of it. More
 * would refuse posts for which the evaluator still starts.
 */
export const stepTakesMs = 500

/** The time within which a body must arrive. It leaves time for the step. */
export const bodyWithinMs = 3000

/** The largest body, in bytes. Alertmanager's largest groups are smaller. */
export const maxPostBodyBytes = 1024 * 1024

/** The largest body that is parsed in the event loop, in bytes. Parsing it takes a few milliseconds at most. */
export const smallBodyBytes = 64 * 1024

/**
 * The rate at which each hook may receive larger bodies, in bytes. 64 notifications of Alertmanager
 * with 128 alerts each are 7 MB. Parsing 1 MiB of JSON takes some 50 ms.
 */
export const largeRate = { perSecond: 1024 * 1024, burst: 8 * 1024 * 1024 } as const

/**
 * How many larger bodies of one namespace may wait for the parser's thread, how many bytes those of
 * all namespaces may have together, and how long each may wait.
 */
export const maxWaitingLarge = 128
export const maxWaitingLargeBytes = 64 * 1024 * 1024
export const waitForReaderMs = 2000

/** How long the parser's thread may take for one body, and how long an idle thread is kept. */
export const readWithinMs = 1500
export const readerIdleMs = 60_000

/** The deepest nesting of a body. Senders use fewer than ten levels. */
export const maxBodyDepth = 64

/** How long a client may take to send its head, and its whole request. */
export const headWithinMs = 5000
export const requestWithinMs = 10_000

/** How often Node checks for slow clients. By default, it could notice one 30 s too late. */
export const slowClientCheckMs = 500

/**
 * How long an idle connection is kept for the next post. It is longer than the 60 s of common load
 * balancers, so that these close the connection first.
 */
export const idleConnectionMs = 75_000

/**
 * The largest head, in bytes. An ID token takes up to 8 KiB, usually 1.6 to 4 kB; a hook's token 2 kB
 * at most; proxies add up to 2 kB.
 */
export const maxHeadBytes = 12 * 1024

/**
 * How many bytes of a body are buffered before a handler reads it. In addition, a connection
 * buffers the bytes that arrived with its head, up to 64 KiB.
 */
export const maxReadAheadBytes = 16 * 1024

export interface Limits {
  readonly connections: ConnectionLimits
  /**
   * The bytes of all bodies in memory, so that slow senders or a slow API server cannot fill it. A
   * compressed body counts as it was sent and as it is once it is unpacked.
   * When half are used, a hook that holds more than an eighth of `maxHeldBytes` gets no more, nor
   * does a namespace with more than three quarters.
   */
  readonly maxHeldBytes: number
  /**
   * How many posts may wait for the steps of one namespace: half of all connections, so that other
   * namespaces have room.
   */
  readonly maxOfNamespace: number
  /**
   * How many posts with `wait` may wait for an outcome: an eighth of the connections, so that alerts
   * have the rest. A namespace may take half of them, a hook a quarter. Beyond it, as many more may wait
   * for one look.
   */
  readonly waiting: { readonly all: number; readonly ofNamespace: number; readonly ofHook: number }
}

/**
 * The memory of an idle connection, in bytes: what arrived with its head, which Node reads in parts
 * of 64 KiB. In a flood, closed connections leave garbage in addition
 * (contributing/performance.md).
 */
const connectionBytes = 64 * 1024

/** The maximum number of connections, regardless of memory. */
const maxConnections = 40_000

/** The assumed memory of a process, in bytes, if it is unknown. */
const supposedMemoryBytes = 1024 * 1024 * 1024

/** Returns the limits for a memory in bytes: up to a sixth for connections, a tenth for bodies. */
export const limitsIn = (memoryBytes = supposedMemoryBytes): Limits => {
  const most = Math.min(maxConnections, Math.floor(memoryBytes / 6 / connectionBytes))
  const half = Math.floor(most / 2)
  return {
    connections: {
      most,
      maxOfSource: half,
      reserved: Math.floor(most / 8),
      few: Math.max(1, Math.floor(most / 64)),
      maxPipelined: 4,
    },
    maxHeldBytes: Math.min(64 * 1024 * 1024, Math.floor(memoryBytes / 10)),
    maxOfNamespace: half,
    waiting: { all: Math.floor(most / 8), ofNamespace: Math.floor(most / 16), ofHook: Math.floor(most / 32) },
  }
}

/** How many bytes Node itself reads and discards of a request that was answered early. */
export const discardedBytes = 64 * 1024

/**
 * How the rest of a longer request is read and discarded: for how long, up to how many bytes, and
 * for how many requests at the same time.
 */
export const lingerMs = 2000
export const maxLingeringBytes = 4 * 1024 * 1024
export const maxLingering = 64

/** How often posts of a source may be refused. Beyond it, the rates below apply to its posts. */
export const refusedRate = { perSecond: 20, burst: 200 } as const

/**
 * The rates at which posts of distrusted sources are checked: one rate for each hook, and a shared
 * one for what a hook needs beyond its own. A short check verifies a token's signature, a
 * credential, or an HMAC of up to 64 kB; a refused post takes some 150 us in all. A long one reads
 * up to 1 MiB and takes some 3 ms.
 */
export const checkRates = {
  short: { ofHook: { perSecond: 20, burst: 40 }, ofAll: { perSecond: 1500, burst: 1500 } },
  long: { ofHook: { perSecond: 2, burst: 8 }, ofAll: { perSecond: 50, burst: 50 } },
} as const

/**
 * Refusals at URLs with a name leave at a multiple of this time after the post came, in
 * milliseconds. It is longer than any work that depends on the name, unless the API server is slow.
 */
export const refusedEveryMs = 100

/** For how many sources, and for how many hooks, recent rates are remembered. */
export const maxRememberedSources = 10_000
export const maxLimitedHooks = 20_000

/**
 * How many bytes the posts to one hook may make the API server store. etcd holds 2 GB by default,
 * and keeps each version for five minutes. A delivery with an idempotency key writes some 6 kB, so
 * this allows 1,300 at once and 17 a second after that. A delivery of Alertmanager writes 20 to 90
 * kB.
 */
export const writeBudget = { perSecond: 100_000, burst: 8_000_000 } as const

/** How many objects that are kept for a while, such as Jobs, a hook may make at once, and after that in each such time. */
export const maxKept = 1_000
export const maxKeptInTime = 4_000

/** How often a hook's owner is notified that its budget is used up. Each notice costs a write. */
export const eventRate = { perSecond: 1 / 60, burst: 1 } as const

/** How many posts with an unknown key id in their token may wait for a read of the key set. */
export const maxWaitingForKeys = 32

/**
 * How many series a counter of posts may have, in all and of one namespace. A scrape blocks the event
 * loop for some 3 ms for each 1,000.
 */
export const maxSeries = 20_000
export const maxSeriesOfNamespace = 10_000

/** The rate of log lines about posts that were refused or got 503. Metrics count all of them. */
export const refusalLines = { perSecond: 10, burst: 100 } as const
/** The rate for posts of one hook that changed nothing, for each reason. At 100 a second they would write 30 kB. */
export const quietLines = { perSecond: 1, burst: 100 } as const

/** The rate of log lines that say why an ID token was refused. */
export const tokenLines = { perSecond: 1, burst: 20 } as const

/**
 * How long the answer to a post that exceeds a limit of its hook is delayed. A sender that posts
 * again after each answer then sends ten posts a second over each connection, not thousands.
 */
export const limitedHeldMs = 100

/** The value of Retry-After in a 503 other than `WritesLimited`, in seconds. */
export const retryAfterSeconds = 1

/** How many verified tokens are remembered. Each takes about 1 kB. */
export const maxRememberedTokens = 20_000

/**
 * Tokens with unknown key ids cause at most one read of the public keys in this time, in
 * milliseconds. It is also the time limit of such a read.
 */
export const keyReadEveryMs = 1000

/** The time limit of a hook's live read, which is made while the cache is not current. */
export const hookReadWithinMs = 2000

/** The time limit for reading a CRD. It leaves time for a step with a read of its own. */
export const definitionReadWithinMs = 1500

/** The rates of live reads of unknown hooks, new or deleted: for posts, and for ends of what these have leased. */
export const lookupRates = { post: { perSecond: 2, burst: 20 }, end: { perSecond: 20, burst: 64 } } as const

/**
 * How many hooks that a live read did not find are remembered, and for how long. Not for ever,
 * because a restore of etcd from a backup may bring them back.
 */
export const maxDeletedHooks = 20_000
export const deletedHooksKeptMs = 600_000

/**
 * How long a Secret of `auth` is used after a read, and how long a post then counts as
 * authenticated while it waits for its step. Together they are at most the two seconds within which
 * a change takes effect.
 */
export const secretKeptMs = 1000
export const provenForMs = 1000

/** The time limit for reading a Secret of `auth`. The body of the post is read only after that. */
export const secretReadWithinMs = 1000

/** How many Secrets of `auth` are kept in memory, and how many characters they may have in all. */
export const maxKeptSecrets = 1000
export const maxKeptChars = 4 * 1024 * 1024

/** How long a service account counts as existing, and may be read, in milliseconds; how many are kept. */
export const accountKeptMs = 1000
export const accountReadWithinMs = 1000
export const maxKeptAccounts = 10_000

/** How long accepted posts may take to finish at shutdown. */
export const drainWithinMs = answerWithinMs + 1000

/** The maximum number of changes in an answer. 200 changes take some 20 kB. */
export const maxChanges = 200

/** The longest summary in a record, in characters. */
export const maxRecordSummary = 256

/** How long acts such as rollouts may continue at shutdown. A copy of the delivery finishes the rest. */
export const drainActsMs = 5000

/**
 * How long a post with `wait` waits for its outcome, in milliseconds: if it gives no time, and at
 * most. The default is less than the 30 s that usual proxies allow.
 */
export const defaultWaitMs = 25_000
export const maxWaitMs = 600_000

/**
 * How long a post with `wait` waits at most for the first look at the hook's objects, in
 * milliseconds. This applies even if its `wait` is shorter.
 */
export const firstLookWithinMs = 4000

/**
 * The pause between two looks at the objects of a hook while a post waits, in milliseconds, and how
 * much longer it is for each object.
 */
export const lookEveryMs = 1000
export const lookEveryMsForEach = 20

/** The maximum number of hooks whose objects are being looked at, in all and of one namespace. */
export const maxLooks = 64
export const maxLooksOfNamespace = 32

/** How often and how long a rollout or a Job is looked at for which no post waits, in milliseconds: first often, then seldom. */
export const following = { everyMs: 5000, oftenForMs: 1_800_000, seldomEveryMs: 60_000, forMs: 86_400_000 }

/** For how many hooks this is done, and for how many changes of each. The rest of `maxLooks` is for posts that wait. */
export const maxFollowed = 32
export const maxFollowedOfNamespace = 16
export const maxFollowedOfHook = 3

/** The time limit for reading a workload's pods, in milliseconds, and how many are read. */
export const lookReadWithinMs = 3000
export const maxPods = 100

/** How long pods are not requested again in a namespace where they may not be listed, in milliseconds. */
export const forbiddenPodsForMs = 60_000

import type { ConnectionLimits } from '../environment/places.ts'

/** Every bound of the trigger endpoint. Times are in milliseconds. */

/** From the arrival of a post to its answer. Alert senders give up after 5 to 15 s. */
export const answerWithinMs = 4000

/** How often a post begins again because its hook changed while it waited. */
export const mostRounds = 5

/** How much of a delivery's time is kept for its step while its expression runs, in milliseconds. */
export const stepTakesMs = 1500

/** How long a body may take, so that there is time left for the step. */
export const bodyWithinMs = 3000

/** The largest body, in bytes: Alertmanager's largest groups stay under it. */
export const mostBodyBytes = 1024 * 1024

/** What is read in the event loop: no body of this size stops it for longer than a few milliseconds. */
export const smallBodyBytes = 64 * 1024

/**
 * How much of larger ones is read for each hook, in bytes: 64 notifications of Alertmanager with 128 alerts each are 7 MB. To read
 * 1 MiB of JSON takes some 50 ms.
 */
export const largeRate = { perSecond: 1024 * 1024, burst: 8 * 1024 * 1024 } as const

/** How many of them may wait for the thread that reads them: of one namespace, and in bytes over all; and for how long. */
export const mostWaitingLarge = 128
export const mostWaitingLargeBytes = 64 * 1024 * 1024
export const waitForReaderMs = 2000

/** How long the thread may take for one; and how long it is kept when there is none. */
export const readWithinMs = 1500
export const readerIdleMs = 60_000

/** How deeply a body may be nested: senders stay under ten. */
export const mostBodyDepth = 64

/** How long a client may take to send its head, and then all of its request. */
export const headWithinMs = 5000
export const requestWithinMs = 10_000

/** How often Node looks for clients that are too slow; its default of 30 s would let a slow body live that long. */
export const slowClientCheckMs = 500

/** How long an idle connection is kept for the next post: longer than the 60 s of common load balancers. */
export const idleConnectionMs = 75_000

/** The largest head, in bytes: the longest token takes a fifth of it, and proxies add two kilobytes at most. */
export const mostHeadBytes = 6 * 1024

/**
 * How much of a body that nobody has asked for is read ahead, in bytes. A connection has what arrived with its head in any
 * case, up to 64 KiB, and no more than this after it.
 */
export const mostUnreadBytes = 16 * 1024

export interface Limits {
  readonly connections: ConnectionLimits
  /**
   * The bytes of all bodies of posts that are not answered yet, so that neither slow senders nor a slow API server fill
   * the memory. Once half of it is taken, a hook with more than an eighth gets no more, nor a namespace with more than three quarters.
   */
  readonly mostHeldBytes: number
  /** Posts that wait for the steps of one namespace: half of what can wait, so that the others have room. */
  readonly mostOfNamespace: number
  /** Posts that wait for their outcome, of all hooks and of one: an eighth of the connections, so that alerts have room. */
  readonly mostWaiting: number
  readonly mostWaitingOfHook: number
}

/**
 * What a connection takes while it waits: what arrived with its head, which Node reads 64 KiB at a time. What the connections
 * that take its place leave behind in a flood comes on top of that (docs/develop/performance.md, measured).
 */
const connectionBytes = 64 * 1024

/** More connections than these are no question of memory. */
const mostConnections = 40_000

/** What is divided where nobody says what this process may use. */
const supposedMemoryBytes = 1024 * 1024 * 1024

/** Divides what a process may use, in bytes: a sixth of it is for connections, a tenth for bodies. */
export const limitsIn = (memoryBytes = supposedMemoryBytes): Limits => {
  const most = Math.min(mostConnections, Math.floor(memoryBytes / 6 / connectionBytes))
  const half = Math.floor(most / 2)
  return {
    connections: {
      most,
      mostOfSource: half,
      reserved: Math.floor(most / 8),
      few: Math.max(1, Math.floor(most / 64)),
      mostPipelined: 4,
    },
    mostHeldBytes: Math.min(64 * 1024 * 1024, Math.floor(memoryBytes / 10)),
    mostOfNamespace: half,
    mostWaiting: Math.floor(most / 8),
    mostWaitingOfHook: Math.floor(most / 16),
  }
}

/** What Node reads and throws away of a request that is answered before it has arrived, in bytes. */
export const discardedBytes = 64 * 1024

/** How long, and up to how many bytes, the rest of a longer one is read and thrown away; and for how many at once. */
export const lingerMs = 2000
export const mostLingeringBytes = 4 * 1024 * 1024
export const mostLingering = 64

/** How often a source may be refused. Beyond that its posts are checked at the rates below. */
export const refusedRate = { perSecond: 20, burst: 200 } as const

/**
 * How many posts of sources beyond that are checked: to each hook, and over all hooks what comes on top. A short check is a
 * signature of a token, a credential, or an HMAC of up to 64 kB; all of a post that is then refused takes some 150 us. A long one reads up to 1 MiB and takes some 3 ms.
 */
export const checkRates = {
  short: { ofHook: { perSecond: 20, burst: 40 }, ofAll: { perSecond: 1500, burst: 1500 } },
  long: { ofHook: { perSecond: 2, burst: 8 }, ofAll: { perSecond: 50, burst: 50 } },
} as const

/** Of how many sources, and of how many hooks, it is known how much came of late. */
export const mostSources = 10_000
export const mostLimitedHooks = 20_000

/**
 * What the posts to one hook may make the API server store, in bytes: etcd holds 2 GB by default, and keeps each version
 * for five minutes. A named delivery writes some 6 kB: that is 1,300 of them at once, and 17 a second after that. One of
 * Alertmanager writes 20 to 90 kB.
 */
export const writeBudget = { perSecond: 100_000, burst: 8_000_000 } as const

/** How often at most the owner of a hook is notified that its budget was used up. Each notice costs a write of the hook's record. */
export const eventRate = { perSecond: 1 / 60, burst: 1 } as const

/** Posts that wait for the key set to be read again, since their key is not known. */
export const mostWaitingForKeys = 32

/** Lines about posts that changed nothing and may come in floods: beyond these they are counted, not written. */
export const refusalLines = { perSecond: 10, burst: 100 } as const

/**
 * How long the answer to a post beyond a limit of its hook is held back, in milliseconds. Who sends the next post as soon as this
 * one is answered then sends ten a second over each connection, and not thousands.
 */
export const limitedHeldMs = 100

/** What a 503 asks the sender to wait, in seconds. */
export const retryAfterSeconds = 1

/** How many verified tokens are remembered. Each takes about 1 kB. */
export const mostRememberedTokens = 20_000

/** The public keys are read again for an unknown key id, at most this often. */
export const keyReadEveryMs = 1000

/** A live read of a hook, when the cache cannot be trusted. */
export const hookReadWithinMs = 2000

/** How long a read of a custom kind's definition may take, in milliseconds: a step and its read have to follow. */
export const definitionReadWithinMs = 1500

/** Live reads of hooks that this process does not know: of ones just created, or long deleted. Beyond it they get 503. */
export const lookupRate = { perSecond: 2, burst: 20 } as const

/** How many hooks that a live read found gone are remembered, and for how long: an etcd may be restored from a backup. */
export const mostDeparted = 20_000
export const departedKeptMs = 600_000

/** The same of hooks that a live read found too large to be read: to find that out costs reading 2 MiB of one. */
export const mostLarge = 1_000
export const largeForMs = 5_000

/**
 * How long a Secret of `auth` is used after it was read, and how long a post that it let in may then wait for its step
 * before it is checked again: together no longer than the two seconds in which a change takes effect.
 */
export const secretKeptMs = 1000
export const provenForMs = 1000

/** A read of such a Secret: a post waits for it before its body. */
export const secretReadWithinMs = 1000

/** Of how many of them the credentials are kept, and how many characters these have in all. */
export const mostKeptSecrets = 1000
export const mostKeptChars = 4 * 1024 * 1024

/** At shutdown: how long accepted posts may take to finish. */
export const drainWithinMs = answerWithinMs + 1000

/** How many changes an answer lists: some 20 kB of them. */
export const mostChanges = 200

/** How many characters of a summary a record keeps. */
export const longestSummary = 256

/** How long rollouts and the like may go on while the process ends, in milliseconds. What is left then waits for a copy of its delivery. */
export const drainActsMs = 5000

/** How long a post with `wait` waits for its outcome where it does not say, and at most, in milliseconds: usual proxies allow 30 s. */
export const defaultWaitMs = 25_000
export const longestWaitMs = 600_000

/** How long the first look may take that somebody waits for, in milliseconds: also where they would not wait at all. */
export const firstLookWithinMs = 4000

/** How often the objects of a hook are looked at that somebody waits for, in milliseconds, and how much less often for each of them. */
export const lookEveryMs = 1000
export const lookEveryMsForEach = 20

/** How many hooks are looked at. */
export const mostLooks = 64

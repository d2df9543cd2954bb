import type { ConnectionLimits } from '../../src/environment/places.ts'

/**
 * This file has all limits of the dashboard's server. Times are in milliseconds, sizes in bytes.
 */

/** The largest body. A form with a long expression and a pasted token are far smaller. */
export const maxBodyBytes = 256 * 1024

/**
 * The largest body before the sign-in. A token of `kubectl create token` has 1 kB, one with a
 * hundred groups 5 kB.
 */
export const maxSignInBytes = 8 * 1024

/** The limits of a request, as Node's server takes them. */
export const ofRequest = {
  // Tokens of identity providers with many groups exceed Node's 16 KiB.
  maxHeaderSize: 32 * 1024,
  // How long a client may take to send its head, and its whole request.
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  // How long an idle connection is kept. It is longer than the 60 s of common load balancers, so that
  // these close the connection first.
  keepAliveTimeout: 75_000,
  // How many bytes of a body are buffered before a handler reads it.
  highWaterMark: 16 * 1024,
} as const

/**
 * Each connection may buffer 64 KiB, which Node reads at once. All together may buffer 40 MiB, of
 * the container's 256 MiB. One source may have half of the connections, because a proxy may be the
 * only source. All streams together need fewer connections than this.
 */
export const connections: ConnectionLimits = {
  most: 640,
  maxOfSource: 320,
  reserved: 80,
  few: 8,
  maxPipelined: 4,
}

/** How long the one-time key in a printed link is valid. */
export const keyLivesMs = 5 * 60_000

/**
 * Each sign-in costs the API server one review. Failures are limited to 30 a minute for each
 * client. For the source of a connection the limit is ten times as high, because a proxy serves
 * many clients.
 */
export const signIns = {
  failuresOfClient: { perSecond: 0.5, burst: 30 },
  failuresOfPeer: { perSecond: 5, burst: 300 },
  atOnceOfClient: 5,
  atOnce: 50,
} as const

/** The largest number of sources for which failed sign-ins are counted. */
export const maxSources = 10_000

/** After this time without a request a session ends, so that a forgotten tab does not stay open. */
export const unusedMs = 60 * 60_000

/** Changes within this time are sent together, so that a burst causes one redraw. */
export const debounceMs = 100

/** How long an answer about rights is cached. */
export const rightsMs = 30_000

/** The largest number of targets of one kind that are offered. */
export const maxTargets = 500

/** The time limit for an answer of the API server. */
export const apiWithinMs = 10_000

/** The largest number of Events that are shown. */
export const maxEvents = 50

/**
 * How much one look at a target, at the installation or at a history may read, and how many of them go on at
 * once. They hold what they read until they are answered.
 */
export const examinations = { maxBytes: 24 * 1024 * 1024, atOnce: 3 } as const

/** The largest number of deliveries in a history. */
export const maxHistory = 500

/** How many sessions, requests and streams there may be at most. */
export const places = {
  // Each session may have connections to the API server. A team may share an account, so one user may
  // have a tenth.
  sessions: 200,
  sessionsOfUser: 20,
  // Each request that is not answered yet holds its body and the API server's answer in memory.
  requestsOfUser: 32,
  // A browser opens at most six connections to one host over HTTP/1.1.
  streamsOfSession: 6,
  streamsOfUser: 20,
  streams: 200,
} as const

/** The limits of a stream. */
export const ofStream = {
  // The largest number of rows in one event. The page draws all rows of an event at once.
  rowsAtOnce: 250,
  // The interval of comments. They keep proxies from closing the stream, and let the page notice a
  // dead connection.
  heartbeatMs: 15_000,
  // The interval at which each stream sends a list. An open watch continues after its token expires or
  // its rights are removed, but a list is then refused.
  lookAgainMs: 30_000,
  // A stream with this number of unread bytes is closed. The page resumes it.
  maxUnreadBytes: 4 * 1024 * 1024,
  // How long a client may take for one part of a list: 375 kB as a rule. The next part is written when
  // it has this one. A client that takes longer is cut.
  takenWithinMs: 60_000,
  // How long a client may take for a whole list. etcd forgets the version of a list after five minutes,
  // and the list then begins again. So a client that takes longer is cut, and tries again later and later.
  listedWithinMs: 240_000,
} as const

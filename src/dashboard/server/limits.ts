import type { ConnectionLimits } from '../../environment/places.ts'

/** Every number of the dashboard's server, with its reason. Times are in milliseconds, sizes in bytes. */

/** A form with a long expression and a pasted token are far below. */
export const maxBodyBytes = 256 * 1024

/** Tokens of identity providers with many groups take more than Node's 16 KiB. */
export const maxHeaderBytes = 32 * 1024

/** Before somebody has signed in. A token of `kubectl create token` has one kB, one with a hundred groups five. */
export const maxSignInBytes = 8 * 1024

/** How long a client may take to send its head, and then all of its request. */
export const headWithinMs = 5_000
export const requestWithinMs = 10_000

/** How much of a body that nobody has asked for is read ahead. */
export const maxUnreadBodyBytes = 16 * 1024

/**
 * Each connection may hold what Node reads at once, 64 KiB: 40 MiB in all, of the 256 that the installation gives. One source
 * has half of them, which is more than all streams need: a proxy may be the source of everything.
 */
export const connections: ConnectionLimits = {
  most: 640,
  mostOfSource: 320,
  reserved: 80,
  few: 8,
  mostPipelined: 4,
}

/** A key that lies in a terminal for longer is no longer good. */
export const keyLivesMs = 5 * 60_000

/**
 * Each sign-in costs the API server a review. Those that fail are bounded by client, 30 a minute, and by the source of the
 * connection: a proxy in front is the source of ten clients that fail as often as they may.
 */
export const signIns = {
  failuresOfClient: { perSecond: 0.5, burst: 30 },
  failuresOfPeer: { perSecond: 5, burst: 300 },
  atOnceOfClient: 5,
  atOnce: 50,
} as const

/** Of how many sources it is known how many sign-ins failed. */
export const maxSources = 10_000

/** Each session may hold connections to the API server. A tenth is for one user: a team may share an account. */
export const maxSessions = 200
export const maxSessionsOfUser = 20

/** Requests of one user that are not answered: each holds its body, and what the API server answers. */
export const maxRequestsOfUser = 32

/** A session that nobody used ends, so that a forgotten tab is no open door. */
export const unusedMs = 60 * 60_000

/** Streams of one session: a browser has no more connections to one host over HTTP/1.1. */
export const maxStreamsOfSession = 6
export const maxStreamsOfUser = 20
export const maxStreams = 200

/** Changes are collected for as long, so that a burst is one redraw. */
export const debounceMs = 100

/** How many rows one event holds: they are shown as they come. */
export const rowsAtOnce = 250

/** A comment in a stream: proxies end what is silent, and the page notices a dead connection. */
export const heartbeatMs = 15_000

/** An open watch outlives its token and its rights; a list does not. */
export const lookAgainMs = 30_000

/** A page that has read nothing of so much is let go, and resumes. */
export const maxUnreadBytes = 4 * 1024 * 1024

/** How long an answer about rights is taken. */
export const rightsMs = 30_000

/** Targets of one kind that are offered: a list to choose from, not an inventory. */
export const maxTargets = 500

/** How long the API server may take to answer what a person waits for. */
export const apiWithinMs = 10_000

/** The trigger answers within 4 s by itself. */
export const tryWithinMs = 10_000
export const maxTryAnswerBytes = 64 * 1024

/** Events of a hook that are shown. */
export const maxEvents = 50

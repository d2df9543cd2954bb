/** Every number of the dashboard's server, with its reason. Times are in milliseconds, sizes in bytes. */

/** A form with a long expression and a pasted token are far below. */
export const mostBodyBytes = 256 * 1024

/** Tokens of identity providers with many groups take more than Node's 16 KiB. */
export const mostHeaderBytes = 32 * 1024

/** How long a client may take to send a request. */
export const requestWithinMs = 30_000

/** A key that lies in a terminal for longer is no longer good. */
export const keyLivesMs = 5 * 60_000

/** Each sign-in costs the API server a review. */
export const signIns = { perMinute: 30, atOnce: 5 } as const

/** Each session may hold connections to the API server. */
export const mostSessions = 200

/** A session that nobody used ends, so that a forgotten tab is no open door. */
export const unusedMs = 60 * 60_000

/** Streams of one session: a browser has no more connections to one host over HTTP/1.1. */
export const streamsOfSession = 6
export const mostStreams = 200

/** Changes are gathered for as long, so that a burst is one redraw. */
export const gatherMs = 100

/** How many rows one event holds: they are shown as they come. */
export const rowsAtOnce = 250

/** A comment in a stream: proxies end what is silent, and the page notices a dead connection. */
export const beatMs = 15_000

/** An open watch outlives its token and its rights; a list does not. */
export const lookAgainMs = 30_000

/** A page that has read nothing of so much is let go, and resumes. */
export const mostUnreadBytes = 4 * 1024 * 1024

/** How long an answer about rights is taken. */
export const rightsMs = 30_000

/** Targets of one kind that are offered: a list to choose from, not an inventory. */
export const mostTargets = 500

/** How long the API server may take to answer what a person waits for. */
export const apiWithinMs = 10_000

/** The trigger answers within 4 s by itself. */
export const tryWithinMs = 10_000
export const mostTryAnswerBytes = 64 * 1024

/** Events of a hook that are shown. */
export const mostEvents = 50

/** Every bound of the trigger endpoint. Times are in milliseconds. */

/** From the arrival of a post to its answer. Alert senders give up after 5 to 15 s. */
export const answerWithinMs = 4000

/** How often a post begins again because its hook changed while it waited. */
export const mostRounds = 5

/** What a step is left of a delivery's time when an expression is waited for. */
export const stepTakesMs = 1500

/** How long a body may take, so that there is time left for the step. */
export const bodyWithinMs = 3000

/** The largest body, in bytes: Alertmanager's largest groups stay under it. */
export const mostBodyBytes = 1024 * 1024

/** The bytes of all bodies of posts that are not answered yet, so that neither slow senders nor a slow API server fill the memory. */
export const mostHeldBytes = 64 * 1024 * 1024

/** How deeply a body may be nested: senders stay under ten. */
export const mostBodyDepth = 64

/** How long a client may take to send its head, and then all of its request. */
export const headWithinMs = 5000
export const requestWithinMs = 10_000

/** How often Node looks for clients that are too slow; its default of 30 s would let a slow body live that long. */
export const slowClientCheckMs = 500

/** How long an idle connection is kept for the next post: longer than the 60 s of common load balancers. */
export const idleConnectionMs = 75_000

/** The largest head, in bytes: the longest token takes a twentieth of it. */
export const mostHeadBytes = 16 * 1024

/** Connections at once, over all senders. */
export const mostConnections = 12_000

/** What a 503 asks the sender to wait, in seconds. */
export const retryAfterSeconds = 1

/** How many verified tokens are remembered. Each takes about 1 kB. */
export const mostRememberedTokens = 20_000

/** The public keys are read again for an unknown key id, at most this often. */
export const keyReadEveryMs = 1000

/** How many certificates of senders are remembered: each of them signs with one at a time. */
export const mostCertificates = 32

/** A live read of a hook, when the cache cannot be trusted. */
export const hookReadWithinMs = 2000

/** How long what a Secret of `auth` holds is gone by; a changed one counts after this time. */
export const secretKeptMs = 2000

/** A read of such a Secret: a post waits for it before its body. */
export const secretReadWithinMs = 1000

/** How many of them are kept, and how large one may be, in bytes of JSON: 16 MiB in all. */
export const mostKeptSecrets = 1000
export const largestKeptSecret = 16 * 1024

/** At shutdown: how long accepted posts may take to finish. */
export const drainWithinMs = answerWithinMs + 1000

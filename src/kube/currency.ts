import type { ApiResponse, Clock, Environment } from '../environment/environment.ts'
import { collectionPath } from './paths.ts'
import { selectorOf, type Source } from './source.ts'
import type { OpenWatch } from './watch.ts'

/**
 * Proof that a watch tells all that is stored.
 *
 * A watch that is open proves nothing: an API server that is cut off from etcd keeps it open, and sends bookmarks that
 * all carry one version. So, over the connection that carries the watch, a list of at most one object is asked for, without
 * a version. Such a list is consistent: the API server asks etcd for its present revision, waits until its own cache has
 * come that far, and answers from the cache, which is what feeds the watch. Whatever was stored before the request was sent
 * has then been told, or is being told. An API server that cannot reach etcd, that is paused, or whose cache is behind
 * does not answer in time. (Kubernetes 1.34 and later. Where its cache does not come that far within 3 s, it answers from
 * etcd instead, and proves nothing: so an answer counts only well before that.)
 */

/**
 * How long after the request for a proof was sent what the watch has told may be acted on, in milliseconds. The promise
 * is two seconds; the rest is for events that are on their way when the answer comes, and for the write of a step.
 */
export const currentForMs = 1_500

/** How often a proof is asked for while somebody relies on it, and how often else, in milliseconds. */
const proofEveryMs = 1_000
const idleProofEveryMs = 10_000

/** How long somebody relies on proofs who has asked for one, in milliseconds. */
const reliedOnMs = 10_000

/** How long an answer may take, in milliseconds: a later one is of no use, and may not be from the cache. */
const proofWithinMs = 1_000

/** How many times in a row there may be no answer before the watch is given up, so that it gets a new connection. */
const mostUnanswered = 3

/** How soon it is tried again after there was no answer, in milliseconds. */
const againAfterMs = 200

/** Whether what was told by the watches of one source, one after another, is current. */
export interface Currency {
  /** Whether all that was stored more than `currentForMs` ago has been told. Whoever asks makes it be proven for a while. */
  readonly current: () => boolean
  /** Asks for proofs over a watch until the answer is called: from then on nothing is proven. */
  readonly proveOver: (watch: Provable) => () => void
}

type Provable = Pick<OpenWatch, 'ask' | 'giveUp'>

export const currencyOf = ({ clock, log }: Pick<Environment, 'clock' | 'log'>, source: Source): Currency => {
  let provenAt = -Infinity
  let reliedOnAt = -Infinity
  let askedAt = -Infinity
  /** Ends the wait before the next request. */
  let askNow = (): void => {}
  let saidWhy = false

  const dueMs = (): number => (clock.monotonic() - reliedOnAt < reliedOnMs ? proofEveryMs : idleProofEveryMs)

  const cannotProve = (): void => {
    if (saidWhy) return
    saidWhy = true
    const why = 'the API server is not reached over HTTP/2, so no watch can be proven to be current'
    log.info({ resource: source.type.resource, why }, 'objects are read anew whenever they have to be current')
  }

  const prove = async ({ ask, giveUp }: Provable, isOpen: () => boolean): Promise<void> => {
    let unanswered = 0
    while (isOpen()) {
      const sentAt = clock.monotonic()
      askedAt = sentAt
      const answer = await ask(proofRequest(source))
      if (!isOpen()) return
      if (answer === 'cannot be asked') return cannotProve()
      if (isProof(answer)) provenAt = sentAt
      unanswered = isSick(answer) ? unanswered + 1 : 0
      if (unanswered >= mostUnanswered) return giveUp('the API server cannot say what is current')
      const nextAt = sentAt + (unanswered > 0 ? 0 : dueMs())
      const { over, end } = pause(clock, Math.max(againAfterMs, nextAt - clock.monotonic()))
      askNow = end
      await over
    }
  }

  return {
    current: () => {
      reliedOnAt = clock.monotonic()
      const isCurrent = reliedOnAt - provenAt < currentForMs
      // Not in a loop, where an answer proves nothing.
      if (!isCurrent && reliedOnAt - askedAt >= againAfterMs) askNow()
      return isCurrent
    },
    proveOver: watch => {
      let open = true
      void prove(watch, () => open)
      return () => {
        open = false
        provenAt = -Infinity
        askNow()
        askNow = () => {}
      }
    },
  }
}

/** How much of a proof is read, in bytes: that there is an answer proves it, whatever is in it. */
const maxProofBytes = 16 * 1024

/** The smallest list that is consistent. */
const proofRequest = (source: Source) =>
  ({
    method: 'GET',
    path: collectionPath(source.type, source.namespace),
    as: 'metadata list',
    maxBytes: maxProofBytes,
    query: { limit: '1', ...selectorOf(source) },
    lane: 'watch',
    timeoutMs: proofWithinMs,
  }) as const

const isProof = (answer: ApiResponse | 'no answer'): boolean => answer !== 'no answer' && answer.status === 200

/** Whether an answer speaks for another API server: one that is busy or that refuses is not sick. */
const isSick = (answer: ApiResponse | 'no answer'): boolean => answer === 'no answer' || answer.status >= 500

/** A wait that can be ended. */
const pause = (clock: Clock, ms: number): { readonly over: Promise<void>; readonly end: () => void } => {
  let end = (): void => {}
  const over = new Promise<void>(resolve => {
    const cancel = clock.after(ms, resolve)
    end = () => {
      cancel()
      resolve()
    }
  })
  return { over, end }
}

import type { ApiResponse, Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { proofRequest, type Source } from './source.ts'
import type { OpenWatch } from './watch.ts'

/**
 * How long after a request for a proof the watch's reports may be used, in milliseconds. The
 * product promises that a change of a hook takes effect within two seconds. The rest of that time
 * is for events on their way, and for the write of a step.
 */
export const currentForMs = 1_500

/** How often a proof is requested while a caller relies on it, and otherwise, in milliseconds. */
const proofEveryMs = 1_000
const idleProofEveryMs = 10_000

/** How long a caller counts as relying on proofs after its last call, in milliseconds. */
const reliedOnMs = 10_000

/**
 * After this number of requests in a row without an answer, or with a 5xx, the watch is closed. The
 * next watch then has a new connection.
 */
const maxUnanswered = 3

/**
 * The shortest wait before the next request for a proof, in milliseconds. It is also the wait after
 * a missing answer or a 5xx.
 */
const againAfterMs = 200

/**
 * Decides whether the reports of a source's watches are current: whether a watch has reported everything
 * that is stored.
 *
 * An open watch proves nothing: an API server without a connection to etcd keeps it open, and sends
 * bookmarks with the same version. So we request a list of at most one object, without a version,
 * over the connection of the watch. Such a list is consistent. The API server asks etcd for its
 * newest revision, waits until its own cache has it, and answers from that cache. The same cache
 * feeds the watch. So everything that was stored before the request has been reported, or is on its
 * way.
 *
 * An API server does not answer in time if it cannot reach etcd, is paused, or has an old cache.
 * This holds for Kubernetes 1.35 and later. If the cache is not ready within 3 s, the API server
 * answers from etcd, which proves nothing. So an answer counts only long before that.
 */
export type Currency = ReturnType<typeof currencyOf>

type Provable = Pick<OpenWatch, 'ask' | 'giveUp'>

export const currencyOf = ({ clock, log }: Pick<Environment, 'clock' | 'log'>, source: Source) => {
  let provenAt = -Infinity
  let reliedOnAt = -Infinity
  let askedAt = -Infinity
  /** Ends the wait, so that the next request for a proof is sent now. */
  let askNow = (): void => {}
  let saidWhy = false

  const dueMs = (): number => (clock.monotonic() - reliedOnAt < reliedOnMs ? proofEveryMs : idleProofEveryMs)

  const cannotProve = (): void => {
    if (saidWhy) return
    saidWhy = true
    const why = 'the API server is not reached over HTTP/2, so no watch can be proven to be current'
    log.info({ resource: source.type.resource, why }, 'objects are read again whenever they must be current')
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
      if (unanswered >= maxUnanswered) return giveUp("the API server can't say what is current")
      const nextAt = sentAt + (unanswered > 0 ? 0 : dueMs())
      const sooner = new AbortController()
      askNow = () => sooner.abort()
      await wait(clock, Math.max(againAfterMs, nextAt - clock.monotonic()), sooner.signal)
    }
  }

  return {
    /**
     * Returns whether everything that was stored more than `currentForMs` ago has been reported. For
     * `reliedOnMs` after each call, proofs are requested more often.
     */
    current: (): boolean => {
      reliedOnAt = clock.monotonic()
      const isCurrent = reliedOnAt - provenAt < currentForMs
      // The next request does not follow at once. If answers prove nothing, that would be a loop. After an idle time, it must
      // not wait until the last proof is too old.
      if (reliedOnAt - askedAt >= (isCurrent ? proofEveryMs : againAfterMs)) askNow()
      return isCurrent
    },
    /**
     * Requests proofs over a watch until the returned function is called. After that, `current`
     * returns false until a later watch has a proof.
     */
    proveOver: (watch: Provable): (() => void) => {
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

const isProof = (answer: ApiResponse | 'no answer'): boolean => answer !== 'no answer' && answer.status === 200

/**
 * Returns whether the watch should move to another API server: this one did not answer, or answered
 * 5xx. A 4xx is no reason, because the server is only busy or refuses the request.
 */
const isSick = (answer: ApiResponse | 'no answer'): boolean => answer === 'no answer' || answer.status >= 500

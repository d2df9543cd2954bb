import { BoundedMap } from '../environment/bounded-map.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import {
  accessInWords,
  review,
  type Access,
  type Need,
  type ServiceAccount,
  type ReviewResult,
} from '../kube/reviews.ts'

/** How long an answer is cached, in milliseconds. A missing right may be granted at any moment. */
const keptMs = { allowed: 120_000, denied: 5_000, unknown: 5_000 }

/**
 * After the API server refused the trigger something, cached answers that were older than this are
 * requested again, in milliseconds.
 */
const doubtfulAfterMs = 5_000

/** How many answers are cached. A namespace needs about five for each driver of its hooks. */
const maxKept = 20_000

interface Answer {
  readonly askedAt: number
  readonly asked: Promise<ReviewResult>
  verdict: ReviewResult
}

/** A namespace, and the service account there that is asked about. Undefined: the trigger. */
interface Place {
  readonly namespace: string
  readonly as: string | undefined
}

/** Checks which rights the trigger or the account of a hook lacks, and caches the API server's answers. */
export class TriggerRights {
  readonly #environment: Pick<Environment, 'clock' | 'log'>
  readonly #account: ServiceAccount | undefined
  readonly #answers = new BoundedMap<string, Answer>(maxKept)
  /** By namespace: answers from before this time may be outdated, in monotonic milliseconds. */
  readonly #doubts = new BoundedMap<string, number>(maxKept)
  #warned = false

  /** `account` is the trigger's. Undefined if the trigger runs with this process's account. */
  constructor(environment: Pick<Environment, 'clock' | 'log'>, account: ServiceAccount | undefined) {
    this.#environment = environment
    this.#account = account
  }

  /**
   * Returns which rights of `needs` are missing in the namespace: for the service account there that
   * `as` names, or else for the trigger. A right of which nobody can say counts as there. Throws Unreachable.
   */
  async missing(
    api: ApiConnection,
    namespace: string,
    needs: readonly Need[],
    as?: string,
  ): Promise<readonly Access[]> {
    const accesses = needs.flatMap(({ verbs, ...need }) => verbs.map((verb): Access => ({ ...need, verb })))
    const place = { namespace, as }
    const verdicts = await Promise.all(accesses.map(access => this.#verdict(api, place, access)))
    if (verdicts.includes('unknown')) this.#warn(namespace)
    return accesses.filter((_, index) => verdicts[index] === 'denied')
  }

  /**
   * Notes that the API server refused the trigger something in the namespace. Cached answers may be
   * outdated.
   */
  doubt(namespace: string): void {
    const now = this.#environment.clock.monotonic()
    // An answer from just before the refusal does not count either. So often do posts cause questions at most.
    if (now - (this.#doubts.get(namespace) ?? -Infinity) >= doubtfulAfterMs) this.#doubts.set(namespace, now)
  }

  /**
   * Returns whether the account has a right. Checks the right for the whole namespace first: most roles
   * name no objects, so all hooks there share the answer.
   */
  async #verdict(api: ApiConnection, place: Place, { name, ...access }: Access): Promise<ReviewResult> {
    const general = await this.#ask(api, place, access)
    return general === 'denied' && name !== undefined ? await this.#ask(api, place, { ...access, name }) : general
  }

  async #ask(api: ApiConnection, { as, namespace }: Place, access: Access): Promise<ReviewResult> {
    const key = `${namespace} ${as ?? ''} ${accessInWords(access)} ${access.name ?? ''}`
    const now = this.#environment.clock.monotonic()
    const known = this.#answers.get(key)
    const isKept =
      known && now - known.askedAt < keptMs[known.verdict] && known.askedAt > (this.#doubts.get(namespace) ?? -Infinity)
    if (isKept) return await known.asked
    const answer: Answer = {
      askedAt: now,
      asked: review(api, namespace, access, as === undefined ? this.#account : { namespace, name: as }),
      verdict: 'unknown',
    }
    this.#answers.set(key, answer)
    try {
      answer.verdict = await answer.asked
      return answer.verdict
    } catch (error) {
      this.#answers.delete(key)
      throw error
    }
  }

  #warn(namespace: string): void {
    if (this.#warned) return
    this.#warned = true
    this.#environment.log.warn(
      { namespace },
      "this process can't check what the trigger may do, so a hook can be Ready although its posts are forbidden: give its account the installation's roles ('create' on localsubjectaccessreviews.authorization.k8s.io)",
    )
  }
}

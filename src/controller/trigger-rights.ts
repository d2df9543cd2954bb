import { BoundedMap } from '../environment/bounded-map.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { accessInWords, review, type Access, type Need, type ServiceAccount, type Verdict } from '../kube/reviews.ts'

/** How long an answer is kept, in milliseconds: a right that is missing may be given at any moment. */
const keptMs = { allowed: 120_000, denied: 5_000, unknown: 5_000 }

/** After a post was refused, answers that are older than this are asked for again, in milliseconds. */
const doubtfulAfterMs = 5_000

/** How many answers are kept. A namespace takes about five for each driver that its hooks have. */
const maxKept = 20_000

interface Answer {
  readonly askedAt: number
  readonly asked: Promise<Verdict>
  verdict: Verdict
}

/** Says which of the rights that hooks need the trigger lacks, and remembers for a while what the API server answered. */
export class TriggerRights {
  readonly #environment: Pick<Environment, 'clock' | 'log'>
  readonly #account: ServiceAccount | undefined
  readonly #answers = new BoundedMap<string, Answer>(maxKept)
  /** Since when the answers of a namespace may be stale, in monotonic milliseconds. */
  readonly #doubts = new BoundedMap<string, number>(maxKept)
  #warned = false

  /** `account` is the trigger's; undefined where the trigger runs as this process does. */
  constructor(environment: Pick<Environment, 'clock' | 'log'>, account: ServiceAccount | undefined) {
    this.#environment = environment
    this.#account = account
  }

  /** What of `needs` the trigger may not do in the namespace. Throws Unreachable. */
  async missing(api: ApiConnection, namespace: string, needs: readonly Need[]): Promise<readonly Access[]> {
    const accesses = needs.flatMap(({ verbs, ...need }) => verbs.map((verb): Access => ({ ...need, verb })))
    const allowed = await Promise.all(accesses.map(access => this.#isAllowed(api, namespace, access)))
    return accesses.filter((_, index) => allowed[index] === false)
  }

  /** Takes note that the API server has refused the trigger something in the namespace: what is known may be over. */
  doubt(namespace: string): void {
    this.#doubts.set(namespace, this.#environment.clock.monotonic() - doubtfulAfterMs)
  }

  /** Asks for the whole namespace first: most roles name no objects, and all hooks of it share that answer. */
  async #isAllowed(api: ApiConnection, namespace: string, { name, ...access }: Access): Promise<boolean> {
    const general = await this.#ask(api, namespace, access)
    const verdict =
      general === 'denied' && name !== undefined ? await this.#ask(api, namespace, { ...access, name }) : general
    if (verdict === 'unknown') this.#warn(namespace)
    return verdict !== 'denied'
  }

  async #ask(api: ApiConnection, namespace: string, access: Access): Promise<Verdict> {
    const key = `${namespace} ${accessInWords(access)} ${access.name ?? ''}`
    const now = this.#environment.clock.monotonic()
    const known = this.#answers.get(key)
    const isKept =
      known && now - known.askedAt < keptMs[known.verdict] && known.askedAt > (this.#doubts.get(namespace) ?? -Infinity)
    if (isKept) return await known.asked
    const answer: Answer = {
      askedAt: now,
      asked: review(api, namespace, access, this.#account),
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
      "this process may not ask what the trigger may do, so a hook may be Ready whose posts are forbidden: give its account the roles of the installation ('create' on localsubjectaccessreviews.authorization.k8s.io)",
    )
  }
}

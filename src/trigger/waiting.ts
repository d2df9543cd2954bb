import type { Environment } from '../environment/environment.ts'
import { Shares } from '../environment/shares.ts'
import type { Settlement } from '../api/settlement.ts'
import { refusal, type TriggerAnswer } from './answer.ts'
import type { Authenticate } from './authenticate.ts'
import type { LiveHook } from './hook.ts'
import { firstLookWithinMs, type Limits } from './limits.ts'
import type { Looked, Looks } from './looks.ts'
import type { TriggerRequest } from './request.ts'
import { settledAnswer, undoneAnswer, type DecidedPost } from './settled.ts'

export interface WaitingPost {
  readonly request: Pick<TriggerRequest, 'token' | 'named' | 'requested' | 'release' | 'onGone'>
  readonly hook: LiveHook
  readonly decided: DecidedPost
  /** How long the post waits at most, in milliseconds. */
  readonly waitMs: number
}

/**
 * The posts that wait for their outcome. The outcome is computed from what the delivery's row keeps
 * of its change, and from the present objects. So any process can answer, even after a restart.
 */
export class WaitingPosts {
  readonly #environment: Pick<Environment, 'clock' | 'log'>
  readonly #authenticate: Authenticate
  readonly #looks: Pick<Looks, 'join'>
  readonly #ends = new Set<() => void>()
  /** The places of posts that wait for their time. */
  readonly #places: Shares
  /** The places of posts that found none among the others, and wait for one look. */
  readonly #placesForOneLook: Shares
  #isEnding = false

  constructor(
    environment: Pick<Environment, 'clock' | 'log'>,
    authenticate: Authenticate,
    { waiting }: Pick<Limits, 'waiting'>,
    looks: Pick<Looks, 'join'>,
  ) {
    this.#environment = environment
    this.#authenticate = authenticate
    this.#looks = looks
    const { all, ofHook, ofNamespace } = waiting
    this.#places = new Shares(all, ofNamespace, ofHook)
    this.#placesForOneLook = new Shares(all, ofNamespace, ofHook)
  }

  /**
   * Answers at once if there is no outcome to wait for, and after one look if too many posts wait.
   * Otherwise resolves when the state is no longer `progressing`, the post's time is over, the hook or
   * its token is gone, or the process ends.
   */
  async answer(post: WaitingPost): Promise<TriggerAnswer> {
    const { decided, hook } = post
    const { answer, change } = decided
    if (answer.status !== 200 || answer.body.outcome === 'skipped') return undoneAnswer(decided)
    if (!change || 'path' in hook.bound || !hook.bound.look) {
      return settledAnswer(decided, { state: 'stored', message: answer.body.message })
    }
    const isFollowed = post.request.requested !== undefined
    if (this.#isEnding) return settledAnswer(decided, ending, isFollowed)
    const { namespace, uid } = hook
    const leave = this.#places.take(namespace, uid)
    const leaveLook = leave ? undefined : this.#placesForOneLook.take(namespace, uid)
    if (!leave && !leaveLook) return settledAnswer(decided, tooMany, isFollowed)
    try {
      post.request.release?.()
      return await (leave ? this.#waitFor(post, change) : this.#waitFor({ ...post, waitMs: 0 }, change, tooMany))
    } finally {
      leave?.()
      leaveLook?.()
    }
  }

  /** Answers all waiting posts, because the process ends. Later posts are answered at once. */
  end(): void {
    this.#isEnding = true
    for (const end of [...this.#ends]) end()
  }

  /** Returns how many posts wait. */
  get size(): number {
    return this.#ends.size
  }

  /** Waits for the outcome. `cutShort` says why the post waits for no longer than one look. */
  #waitFor(
    { decided, hook, request, waitMs }: WaitingPost,
    change: NonNullable<DecidedPost['change']>,
    cutShort?: Settlement,
  ): Promise<TriggerAnswer> {
    const { clock, log } = this.#environment
    return new Promise(resolve => {
      let seen: Settlement | undefined
      const leaves: ((() => void) | undefined)[] = []
      const answer = (answered: TriggerAnswer): void => {
        this.#ends.delete(end)
        for (const leave of leaves) leave?.()
        resolve(answered)
      }
      const answerState = (settlement: Settlement): void => {
        const why = cutShort && settlement.state === 'progressing' ? `; ${cutShort.message}` : ''
        const message = `${settlement.message}${why}`
        answer(settledAnswer(decided, { ...settlement, message }, request.requested !== undefined))
      }
      const end = (): void => answerState(seen ?? ending)
      this.#ends.add(end)
      const isOver = (): boolean => clock.monotonic() >= deadline
      const deadline = clock.monotonic() + waitMs
      const see = async (looked: Looked): Promise<void> => {
        // Meanwhile the token may have been replaced, or the hook deleted.
        const found = await this.#authenticate(request)
        if (!found.accepted && found.status !== 503) return answer(refusal(found.status, found.reason))
        // Another hook may have the name by now.
        if (request.named && found.accepted && found.hook.uid !== hook.uid) return answer(refusal(401, 'Unproved'))
        seen = found.accepted ? settlementIn(looked, change, clock.now()) : cannotCheck("can't read the hook")
        if (seen.state !== 'progressing' || isOver()) answerState(seen)
      }
      const looking = this.#looks.join(
        hook,
        looked => {
          see(looked).catch((error: unknown) => {
            log.error({ error }, 'a check failed unexpectedly')
            answerState(cannotCheck('the look failed'))
          })
        },
        change,
      )
      if (!looking) return answerState(tooMany)
      leaves.push(looking)
      // No post is answered before its first look has ended, unless that look takes too long.
      leaves.push(clock.after(waitMs, () => seen && answerState(seen)))
      leaves.push(
        clock.after(Math.max(waitMs, firstLookWithinMs), () =>
          answerState(seen ?? cannotCheck('no check finished in time')),
        ),
      )
      leaves.push(request.onGone?.(() => answer('no answer')))
    })
  }
}

const settlementIn = (looked: Looked, change: NonNullable<DecidedPost['change']>, now: number): Settlement =>
  'look' in looked ? looked.look.settlementOf(change, now) : cannotCheck(looked.unread)

const cannotCheck = (why: string): Settlement => ({ state: 'progressing', message: `can't check it: ${why}` })

const ending: Settlement = {
  state: 'progressing',
  message: 'this process is ending, and has not seen the end of the rollout',
}

const tooMany: Settlement = { state: 'progressing', message: 'too many posts are already waiting' }

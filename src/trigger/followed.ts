import type { Settled, Settlement, SettlementState } from '../api/settlement.ts'
import type { Environment, Metrics } from '../environment/environment.ts'
import type { Ledgers } from '../record/ledgers.ts'
import { withState } from '../record/protocol.ts'
import type { Hooks } from './hooks.ts'
import { followEveryMs, followForMs, maxFollowed, maxFollowedOfNamespace } from './limits.ts'
import type { Looked, Looks } from './looks.ts'
import { shortenedMessage, type FollowedDelivery } from './record.ts'

/**
 * The buckets of the histogram, in seconds. Most rollouts take one or two minutes. Their usual
 * deadline is ten minutes.
 */
const buckets = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800]

/**
 * Follows the newest rollout, restart or Job that this process has made for each hook, until its outcome
 * is final or {@link followForMs} have passed. The process looks at it even if no post waits, so
 * that the outcome gets into the hook's status. Each new outcome is written with the record. If the
 * process ends before that, the status never shows it.
 */
export class FollowedChanges {
  readonly #clock: Environment['clock']
  readonly #looks: Pick<Looks, 'join'>
  readonly #ledgers: Pick<Ledgers, 'of'>
  readonly #hooks: Pick<Hooks, 'isGone'>
  readonly #seconds: ReturnType<Metrics['histogram']>
  /** By the hook's uid, what ends the looks at its change. The oldest is first. */
  readonly #followed = new Map<string, { readonly namespace: string; readonly end: () => void }>()
  #isEnding = false

  constructor(
    { clock, metrics }: Pick<Environment, 'clock' | 'metrics'>,
    looks: Pick<Looks, 'join'>,
    ledgers: Pick<Ledgers, 'of'>,
    hooks: Pick<Hooks, 'isGone'>,
  ) {
    this.#clock = clock
    this.#looks = looks
    this.#ledgers = ledgers
    this.#hooks = hooks
    this.#seconds = metrics.histogram(
      'receiverhooks_settled_seconds',
      'Time from a rollout, a restart or a Job to its outcome. One that stalls and goes on later has both states.',
      ['driver', 'state'],
      buckets,
    )
  }

  /**
   * Looks at a change until its outcome is final. Ends the looks at an earlier change of the same
   * hook. If too many are looked at, it ends the oldest of the namespace that has the most.
   */
  follow({ change, delivery, hook }: FollowedDelivery): void {
    this.#followed.get(hook.uid)?.end()
    if (this.#isEnding) return
    const beganAt = this.#clock.monotonic()
    let state: SettlementState | undefined
    const see = (looked: Looked): void => {
      if (this.#hooks.isGone(hook)) return end()
      if (!('look' in looked)) return
      const seen = looked.look.settlementOf(change, this.#clock.now())
      if (seen.state === 'progressing' || seen.state === state) return
      const before = state
      state = seen.state
      this.#seconds.observe({ driver: hook.driver, state }, (this.#clock.monotonic() - beganAt) / 1000)
      this.#ledgers.of(hook).amend(draft => withState(draft, delivery, before, settledOf(seen)))
      // A stalled rollout may still continue.
      if (state !== 'stalled') end()
    }
    const leave = this.#looks.join(hook, see, change, followEveryMs)
    if (!leave) return
    this.#makeRoom(hook.namespace)
    const cancel = this.#clock.after(followForMs, () => end())
    const end = (): void => {
      leave()
      cancel()
      if (this.#followed.get(hook.uid)?.end === end) this.#followed.delete(hook.uid)
    }
    this.#followed.set(hook.uid, { namespace: hook.namespace, end })
  }

  /** Ends all looks, because the process ends. */
  end(): void {
    this.#isEnding = true
    for (const { end } of [...this.#followed.values()]) end()
  }

  /** Returns the number of changes that are still looked at. */
  get size(): number {
    return this.#followed.size
  }

  /** Ends the looks at one change if there is no room for one more of a namespace. */
  #makeRoom(namespace: string): void {
    const ofEach = new Map<string, { end: () => void }[]>()
    for (const each of this.#followed.values()) {
      ofEach.set(each.namespace, [...(ofEach.get(each.namespace) ?? []), each])
    }
    const own = ofEach.get(namespace) ?? []
    const most = [...ofEach.values()].reduce((a, b) => (b.length > a.length ? b : a), own)
    if (own.length >= maxFollowedOfNamespace) own[0]?.end()
    else if (this.#followed.size >= maxFollowed) most[0]?.end()
  }
}

const settledOf = ({ message, state }: Settlement): Settled =>
  state === 'stalled' || state === 'failed' ? { state, stateMessage: shortenedMessage(message) } : { state }

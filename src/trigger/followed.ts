import type { Settled, Settlement, SettlementState } from '../api/settlement.ts'
import { groupedBy } from '../environment/grouped.ts'
import type { Environment, Metrics } from '../environment/environment.ts'
import type { Ledgers } from '../record/ledgers.ts'
import { withState } from '../record/outcomes.ts'
import type { Hooks } from './hooks.ts'
import { following, maxFollowed, maxFollowedOfHook, maxFollowedOfNamespace } from './limits.ts'
import type { Looked, Looks } from './looks.ts'
import { shortenedMessage, type FollowedDelivery } from './report.ts'

/**
 * The buckets of the histogram, in seconds. Most rollouts take one or two minutes. Their usual
 * deadline is ten minutes.
 */
const buckets = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800]

/** What ends the looks at the changes of a version of a hook. The oldest is first. */
interface FollowedVersion {
  readonly namespace: string
  readonly ends: Set<() => void>
}

const endAll = ({ ends }: FollowedVersion): void => {
  for (const end of [...ends]) end()
}

/**
 * Follows the rollouts, restarts and Jobs that this process has made, the newest of each hook, until their outcome
 * is final or `following.forMs` have passed. The process looks at them even if no post waits, so
 * that the outcome gets into the hook's status. Each new outcome is written with the record. If the
 * process ends before that, the status never shows it.
 */
export class FollowedChanges {
  readonly #clock: Environment['clock']
  readonly #looks: Pick<Looks, 'join'>
  readonly #ledgers: Pick<Ledgers, 'of'>
  readonly #hooks: Pick<Hooks, 'isGone'>
  readonly #seconds: ReturnType<Metrics['histogram']>
  /** By version of a hook, what ends the looks at its changes. The oldest are first. */
  readonly #followed = new Map<string, FollowedVersion>()
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
      'Time from a rollout, a restart or a Job to its outcome. One that stalls and then continues counts in both states.',
      ['driver', 'state'],
      buckets,
    )
  }

  /**
   * Looks at a change until its outcome is final. Ends the looks at the oldest change of a hook that has too
   * many. If too many hooks are looked at, it ends those at the oldest hook of the namespace that has the most.
   */
  follow({ change, delivery, hook }: FollowedDelivery): void {
    if (this.#isEnding) return
    // The looks at one version of a hook cost as much as one, however many changes they are for.
    const version = `${hook.uid} ${hook.generation}`
    const known = this.#followed.get(version)
    const followed = known ?? { namespace: hook.namespace, ends: new Set() }
    const [oldest] = followed.ends
    if (followed.ends.size >= maxFollowedOfHook) oldest?.()
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
    const leave = this.#looks.join(hook, see, change, following.everyMs)
    if (!leave) return
    // It is the newest from now on.
    this.#followed.delete(version)
    if (!known) this.#makeRoom(hook.namespace)
    const stopSlowing = this.#clock.after(following.oftenForMs, () => {
      this.#looks.join(hook, see, change, following.seldomEveryMs)
    })
    const stopWaiting = this.#clock.after(following.forMs, () => end())
    const end = (): void => {
      leave()
      stopSlowing()
      stopWaiting()
      followed.ends.delete(end)
      if (followed.ends.size === 0 && this.#followed.get(version) === followed) this.#followed.delete(version)
    }
    followed.ends.add(end)
    this.#followed.set(version, followed)
  }

  /** Ends all looks, because the process ends. */
  end(): void {
    this.#isEnding = true
    for (const followed of [...this.#followed.values()]) endAll(followed)
  }

  /** Returns the number of versions of hooks whose changes are still looked at. */
  get size(): number {
    return this.#followed.size
  }

  /** Ends the looks at one hook if there is no room for one more of a namespace. */
  #makeRoom(namespace: string): void {
    const ofEach = groupedBy(this.#followed.values(), each => each.namespace)
    const own = ofEach.get(namespace) ?? []
    const most = [...ofEach.values()].reduce((a, b) => (b.length > a.length ? b : a), own)
    const [oldest] = own.length >= maxFollowedOfNamespace ? own : this.#followed.size >= maxFollowed ? most : []
    if (oldest) endAll(oldest)
  }
}

const settledOf = ({ message, state }: Settlement): Settled =>
  state === 'stalled' || state === 'failed' ? { state, stateMessage: shortenedMessage(message) } : { state }

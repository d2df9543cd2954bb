import type { Rng } from '../../simulation/seed.ts'
import type { Hook } from './history.ts'
import { targetKinds, type TargetKind } from './kinds.ts'

/** How much is to happen in a run. */
export interface Extent {
  readonly deliveries: number
  readonly targets: number
  /** How many triggers run, how often one of them is killed, and how often the API server is. */
  readonly triggers: number
  readonly triggerKills: number
  readonly apiServerKills: number
  /** How many senders post at the same time, each without a pause but for `lastsMs`. */
  readonly senders: number
  /** The time over which the deliveries are spread evenly, in milliseconds; absent if each is sent as soon as a sender is free. */
  readonly lastsMs?: number
}

/** A target, and its count in the beginning; undefined where that is absent. */
export interface PlannedTarget {
  readonly kind: TargetKind
  readonly name: string
  readonly replicas: number | undefined
  /** The greatest count that it allows itself, where it has one. */
  readonly most: number
}

/** Something that is to be sent. */
export interface Delivery {
  readonly hook: string
  /** Absent where it does not name itself; and then it is sent once. */
  readonly name?: string
  /** By what it is named. */
  readonly by?: 'idempotency-key' | 'alertmanager'
  readonly copies: number
  /** Whether the copies are sent all at once, or each after the one before has been answered. */
  readonly together: boolean
}

/** How many of the targets are narrow, so that many posts meet a bound, and how many somebody else scales as well. */
const narrow = 0.2
const outside = 0.4

/** How many of the targets that may be without a count begin so. */
const absent = 0.25

/** A bound that no count comes to. */
const farAway = 1_000_000

/** The share of deliveries that name themselves. */
const named = 0.1

/** How many deliveries for one target come at a time, at most. */
const maxTogether = 12

export interface Plan {
  readonly targets: readonly PlannedTarget[]
  readonly hooks: readonly Hook[]
  readonly deliveries: readonly Delivery[]
  /** Those that somebody else scales as well. */
  readonly outside: readonly PlannedTarget[]
}

/** Returns what a run is to do, by chance. Each target has a hook up and one down, whose steps are alike in the long run. */
export const plan = (rng: Rng, extent: Extent): Plan => {
  const firstKind = rng.int(0, targetKinds.length - 1)
  const planned = Array.from({ length: extent.targets }, (_, index) => {
    const kind = targetKinds[(firstKind + index) % targetKinds.length]
    if (!kind) throw new Error('there is no kind of targets')
    return planTarget(rng, kind, index, index < narrow * extent.targets)
  })
  const targets = planned.map(({ target }) => target)
  const hooks = planned.flatMap(each => each.hooks)
  return {
    targets,
    hooks,
    deliveries: deliveries(
      rng,
      hooks,
      targets.map(({ name }) => name),
      extent.deliveries,
    ),
    outside: targets.filter(() => rng.chance(outside)),
  }
}

/** Returns a word such as `deployment-apps` and `rollout-argoproj`. */
const wordOf = ({ type: { group, kind } }: TargetKind): string => `${kind.toLowerCase()}-${group.replace(/[.].*/, '')}`

/** Returns the kind of a planned target, by its name. */
export const kindWordIn = (target: string): string => target.replace(/-\d+$/, '')

/** Returns a target of a kind, with its hooks. Of two bounds, the target's own and the hook's, either may be the nearer one. */
const planTarget = (
  rng: Rng,
  kind: TargetKind,
  index: number,
  isNarrow: boolean,
): { readonly target: PlannedTarget; readonly hooks: readonly Hook[] } => {
  const name = `${wordOf(kind)}-${index}`
  const min = rng.pick([0, 0, 1, 5])
  const max = min + (isNarrow ? rng.int(4, 12) : rng.int(80, 300))
  const by = rng.pick([1, 1, 2, 3, 7])
  const most = kind.hasMost && rng.chance(0.5) ? max - 1 : farAway
  const hook = {
    target: name,
    by,
    min,
    max,
    overshoot: rng.pick(['clamp', 'reject'] as const),
    ...(kind.least !== undefined && { least: kind.least }),
    ...(kind.hasMost && { most }),
  }
  const isAbsent = kind.absent !== undefined && rng.chance(absent)
  return {
    target: { kind, name, most, replicas: isAbsent ? undefined : Math.floor((min + max) / 2) },
    hooks: [
      { name: `${name}-up`, ...hook, action: 'up' },
      { name: `${name}-down`, ...hook, action: 'down', by: rng.chance(0.5) ? by : Math.max(1, by - 1) },
    ],
  }
}

/** Plans the deliveries, now and then many for one target at a time. */
const deliveries = (
  rng: Rng,
  hooks: readonly Hook[],
  targets: readonly string[],
  count: number,
): readonly Delivery[] => {
  const planned: Delivery[] = []
  while (planned.length < count) {
    const target = rng.pick(targets)
    const own = hooks.filter(hook => hook.target === target)
    const together = Math.min(rng.chance(0.2) ? rng.int(2, maxTogether) : 1, count - planned.length)
    for (let each = 0; each < together; each++) planned.push(delivery(rng, rng.pick(own).name, planned.length))
  }
  return planned
}

const delivery = (rng: Rng, hook: string, index: number): Delivery =>
  rng.chance(named)
    ? {
        hook,
        name: `delivery-${index}`,
        by: rng.pick(['idempotency-key', 'alertmanager']),
        copies: rng.int(2, 3),
        together: rng.chance(0.5),
      }
    : { hook, copies: 1, together: false }

/** Returns so many moments spread over a run, each by chance in its own part: how many deliveries have begun by then. */
export const moments = (rng: Rng, count: number, { deliveries: all }: Extent): readonly number[] =>
  Array.from({ length: count }, (_, part) => Math.floor(((part + 0.1 + 0.8 * rng.fraction()) / count) * all))

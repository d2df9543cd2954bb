import { at } from '../../../src/api/json.ts'
import type { Violation } from '../happened.ts'
import { clocksDifferMs, clocksJump, executedIn, type Executed } from './executed.ts'
import { hasForgotten, limitsIn, onResolved, type LimitOf } from './model.ts'
import { mayKnow, type HookVersion, type Story, type Timeline } from './timeline.ts'
import type { Explanation } from './writes.ts'

/**
 * The limits of a hook hold, over all processes: what its deliveries have changed, as the stored versions of the targets show,
 * is within them in any such time. And a post whose answer names a limit is beyond it. What takes something back counts never.
 */
export const checkLimits = (timeline: Timeline, explanation: Explanation): readonly Violation[] => {
  const limited = new Set(
    [...timeline.hooks.values()].flat().flatMap(version => (limitsIn(version).length > 0 ? [version.uid] : [])),
  )
  if (limited.size === 0 || clocksJump(timeline)) return []
  const counted = executedIn(timeline, explanation).filter(
    step => limited.has(step.claimed?.uid ?? '') && step.from !== step.to && !takesBack(timeline, step),
  )
  return [
    ...counted.flatMap(step => beyond(timeline, counted, step)),
    ...timeline.stories.flatMap(story => notBeyond(timeline, counted, story)),
  ]
}

const takesBack = ({ hooks }: Timeline, { claimed, stories: [story] }: Executed): boolean =>
  claimed?.isUndo ??
  (story?.post.kind === 'resolved' &&
    (hooks.get(story.post.hook) ?? []).some(
      version => version.uid === story.post.uid && onResolved(version) === 'undo',
    ))

/** How long before a step is folded it may have been decided, in milliseconds: its claim has to be stored first. */
const decidedBeforeMs = 4500

/** How much of a limit some steps use: their number, or the way that they go in the direction of one of them. */
const usedBy = ({ by }: LimitOf, steps: readonly Executed[], isUp: boolean): number =>
  by === undefined
    ? steps.length
    : steps.reduce((sum, { from, to }) => sum + (to > from === isUp ? Math.abs(to - from) : 0), 0)

const maxOf = ({ by = 0, most = by }: LimitOf): number => most

/** A step beyond each version of its hook's limits that its process may have gone by. */
const beyond = (timeline: Timeline, counted: readonly Executed[], step: Executed): readonly Violation[] => {
  const { claimed, earliest, from, how, latest, stored, to } = step
  const versions = versionsOf(timeline, claimed?.uid ?? '')
  const decided = timeline.happened.findIndex(entry => entry.at >= earliest - decidedBeforeMs)
  const known = mayKnow(timeline, versions, decided, stored)
  const before = counted.filter(
    other => other === step || (other.claimed?.uid === claimed?.uid && precedes(other, step)),
  )
  // A record forgets what no limit that its writer knew reached back to: a longer limit counts from then on.
  const keptFor = (other: Executed): number =>
    Math.min(...mayKnow(timeline, versions, other.stored, stored).map(maxLimitMs))
  const isBeyond = (limit: LimitOf): boolean => {
    const within = before.filter(
      other => latest - other.earliest + decidedBeforeMs + clocksDifferMs < Math.min(limit.withinMs, keptFor(other)),
    )
    return usedBy(limit, within, to > from) > maxOf(limit)
  }
  if (known.length === 0 || !known.every(version => limitsIn(version).some(isBeyond))) return []
  const name = String(known[0]?.object.metadata.name)
  return [{ promise: 'limits', why: `${name} changed ${from} to ${to} by ${how}, which is beyond its limits` }]
}

const maxLimitMs = (version: HookVersion): number => Math.max(0, ...limitsIn(version).map(({ withinMs }) => withinMs))

const precedes = (one: Executed, other: Executed): boolean =>
  one.stored < other.stored || (one.stored === other.stored && one.from !== other.from && isFirst(one, other))

/** Whether a step of one write came before another of it: it is further from where they lead to. */
const isFirst = (one: Executed, other: Executed): boolean =>
  one.to > one.from ? one.from < other.from : one.from > other.from

const versionsOf = ({ hooks }: Timeline, uid: string): readonly HookVersion[] =>
  [...hooks.values()].flat().filter(version => version.uid === uid && !version.deleted)

/** A post whose answer names a limit, and that is beyond no limit that its hook had. */
const notBeyond = (timeline: Timeline, counted: readonly Executed[], story: Story): readonly Violation[] => {
  const { answer, arrivedAt, ended, endedAt, post } = story
  if (answer === undefined || answer === 'no answer' || answer.body.reason !== 'LimitReached') return []
  const versions = versionsOf(timeline, post.uid)
  const known = mayKnow(timeline, versions, story.arrived, ended)
  const may = (version: HookVersion, limit: LimitOf): boolean => {
    const since = arrivedAt - limit.withinMs - decidedBeforeMs - clocksDifferMs
    const ran = counted.filter(
      ({ claimed, earliest, latest }) => claimed?.uid === post.uid && earliest <= endedAt && latest > since,
    )
    const wanted = limit.by === undefined ? 1 : largestStep(version)
    return [true, false].some(
      isUp => usedBy(limit, ran, isUp) + others(timeline, post.uid, limit) + wanted > maxOf(limit),
    )
  }
  if (hasForgotten(timeline) || known.some(version => limitsIn(version).some(limit => may(version, limit)))) return []
  const why = `post ${post.id} to ${post.hook} got the answer ${JSON.stringify(answer.body.message)}, and not so much has run`
  return [{ promise: 'limits', why }]
}

/** How much of a limit steps may use that cancelled out, and that only the record shows. */
const others = ({ rows }: Timeline, uid: string, { by }: LimitOf): number => {
  let sum = 0
  for (const row of rows) {
    const [of, , from, to] = row.split(' ')
    if (of === uid && from !== to) sum += by === undefined ? 1 : Math.abs(Number(to) - Number(from))
  }
  return sum
}

/** How far a step of a hook goes at most. A share of a count that goes down may be one of any count. */
const largestStep = ({ object }: HookVersion): number => {
  const scale: unknown = at(object, 'spec', 'scale')
  const by = at(scale, 'by')
  if (typeof by === 'number') return by
  return at(scale, 'action') === 'down' ? Infinity : Number(at(scale, 'max') ?? 100)
}

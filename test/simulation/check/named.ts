import type { Violation } from '../happened.ts'
import { clocksDifferMs, clocksJump, decidedAgoMs, executedIn, type Executed } from './executed.ts'
import { cooldownOf, dedupeWindowOf, hasForgotten, onResolved, replayWindowOf } from './model.ts'
import { isReplay, keysOf } from './replayed.ts'
import type { Story, Timeline } from './timeline.ts'
import type { Explanation } from './writes.ts'

/**
 * Promise 4, over all copies of a delivery: applied at most once; an answer that says that it was applied before is
 * true. And a hook with a cooldown runs once within it.
 */
export const checkNamed = (timeline: Timeline, explanation: Explanation): readonly Violation[] => {
  const executed = executedIn(timeline, explanation)
  return [
    ...doubled(timeline, executed),
    ...timeline.stories.flatMap(story => untrueDuplicate(timeline, executed, story)),
    ...timeline.stories.flatMap(story => noDuplicate(timeline, story)),
    ...timeline.stories.flatMap(story => ranAfterAll(timeline, executed, story)),
    ...executed.flatMap(step => ranAfterItsEnd(timeline, step)),
    ...tooSoon(timeline, executed),
    ...timeline.stories.flatMap(story => noCooldown(timeline, executed, story)),
  ]
}

const doubled = (timeline: Timeline, executed: readonly Executed[]): readonly Violation[] => {
  const last = new Map<string, Executed>()
  const inOrder = executed.toSorted((a, b) => a.stored - b.stored)
  return inOrder.flatMap(step => {
    const { claimed, stories } = step
    if (!claimed || claimed.key === '') return []
    // All reports that an alert fires, and all of its end, are one delivery until it turns. A replay has another name.
    const alert = stories.find(({ post }) => post.alert !== undefined && !post.delivery.includes(' replay '))
    const key = `${claimed.uid} ${alert?.post.event ?? claimed.key}`
    const before = last.get(key)
    last.set(key, step)
    if (!before || mayRunAgain(timeline, before, step)) return []
    const ids = [...before.stories, ...stories].map(({ post }) => `${post.id} (${post.delivery})`)
    return [
      { promise: '4', why: `one delivery ran twice, by ${before.how} and by ${step.how}: posts ${ids.join(', ')}` },
    ]
  })
}

/** Whether a delivery that looks like one that ran is another: a repeat after the window, or a later end of an alert. */
const mayRunAgain = (timeline: Timeline, before: Executed, step: Executed): boolean =>
  step.stories.some(story => mayBeAnother(timeline, before, step, story))

/** The same, when the step is that of one of the posts of which it may be. */
const mayBeAnother = (timeline: Timeline, before: Executed, { latest }: Executed, story: Story): boolean => {
  const { alert, kind, repeats, since = 0, uid } = story.post
  if (before.stories.some(({ post }) => since > (post.since ?? 0))) return true
  const window = Math.min(...windowsOf(timeline, story.post))
  const isOver = clocksJump(timeline) || latest - before.earliest >= window - clocksDifferMs
  if (repeats || !isOver) return isOver
  // After an end the alert has fired again. What cancelled out together was answered in order, and has one place.
  const ended = Math.min(before.stored, ...before.stories.map(reported => reported.ended))
  const hasFired = (other: Story): boolean =>
    other.post.uid === uid && other.post.alert === alert && other.post.kind === 'firing' && other.ended > ended
  return kind === 'resolved' && timeline.stories.some(hasFired)
}

const untrueDuplicate = (
  timeline: Timeline,
  executed: readonly Executed[],
  { answer, ended, post }: Story,
): readonly Violation[] => {
  if (answer === undefined || answer === 'no answer' || answer.body.reason !== 'Duplicate') return []
  const [, from, to] = /count went from (\d+) to (\d+)/.exec(answer.body.message) ?? []
  if (from === to) return []
  const keys = isReplay(answer.body.message) ? keysOf(timeline, post) : new Set([post.key])
  const isTrue = executed.some(
    ({ claimed, stored, ...step }) =>
      claimed?.uid === post.uid &&
      keys.has(claimed.key) &&
      String(step.from) === from &&
      String(step.to) === to &&
      stored < ended,
  )
  // One that cancelled out, and whose process died before it could say so, is in the record alone.
  if (isTrue || [...keys].some(key => timeline.rows.has(`${post.uid} ${key} ${from} ${to}`))) return []
  const why = `post ${post.id} (${post.delivery}) got the answer ${JSON.stringify(answer.body.message)}, and no such step is stored`
  return [{ promise: '3', why }]
}

/** A duplicate has been posted before. A repeat, or an alert that began again, is one within the window alone. */
const noDuplicate = (timeline: Timeline, story: Story): readonly Violation[] => {
  const { answer, ended, post } = story
  if (answer === undefined || answer === 'no answer' || answer.body.reason !== 'Duplicate') return []
  const what = `post ${post.id} (${post.delivery}) was called a duplicate`
  const reported = timeline.stories.filter(
    other =>
      other.post.id !== post.id &&
      other.post.uid === post.uid &&
      other.post.event === post.event &&
      other.arrived < ended,
  )
  if (reported.length === 0) return [{ promise: '4', why: `${what}, and nobody has posted that before` }]
  const isNewer = reported.every(other => (other.post.since ?? 0) < (post.since ?? 0))
  if (isNewer && post.kind === 'firing' && hasEndedBefore(timeline, story)) {
    return [{ promise: '4', why: `${what}, and its alert had ended, and began again` }]
  }
  // That of a body is judged apart.
  if (!(post.repeats || isNewer) || clocksJump(timeline) || isReplay(answer.body.message)) return []
  const agoMs = decidedAgoMs(story, answer.body.message)
  if (agoMs < Math.max(...windowsOf(timeline, post))) return []
  return [{ promise: '4', why: `${what} of what was decided ${agoMs} ms ago, which its window does not reach` }]
}

/** Whether the end of an alert was decided before a post arrived, and nothing has said since that it fires. */
const hasEndedBefore = ({ stories }: Timeline, { arrived, ended, post }: Story): boolean => {
  const ofAlert = stories.filter(other => other.post.uid === post.uid && other.post.alert === post.alert)
  const resolved = ofAlert.filter(other => other.post.kind === 'resolved')
  const isEarlier = (other: Story): boolean => (other.post.since ?? 0) < (post.since ?? 0)
  // Its own end may have overtaken it, also while it waited for its answer. Then it is old.
  if (resolved.some(other => !isEarlier(other) && other.arrived < ended)) return false
  const ends = resolved.filter(other => isEarlier(other) && other.ended < arrived && endsAlert.has(reasonOf(other)))
  return ends.some(end =>
    ofAlert.every(
      other =>
        other.post.kind !== 'firing' || other.post.id === post.id || other.ended < end.arrived || other.arrived > ended,
    ),
  )
}

/** Why an answer to the end of an alert says that it was decided now. */
const endsAlert: ReadonlySet<string | undefined> = new Set(['Undone', 'NothingToUndo', 'SetByOthers', 'Resolved'])

/** No step is made for the beginning of an alert that came after its end was decided. */
const ranAfterItsEnd = ({ stories }: Timeline, { how, stories: all }: Executed): readonly Violation[] => {
  const isLate = ({ arrived, ended, post }: Story): boolean => {
    const ofAlert = stories.filter(other => other.post.uid === post.uid && other.post.alert === post.alert)
    const since = post.since ?? 0
    const isNewer = (other: Story): boolean => other.post.kind === 'firing' && (other.post.since ?? 0) > since
    return (
      post.kind === 'firing' &&
      post.alert !== undefined &&
      // A newer beginning that fires has no end, and its copies may be named alike.
      !ofAlert.some(other => isNewer(other) && other.arrived < ended) &&
      ofAlert.some(
        ({ answer, ...other }) =>
          other.post.kind === 'resolved' &&
          (other.post.since ?? 0) >= since &&
          other.ended < arrived &&
          endsAlert.has(reasonOf({ ...other, answer })),
      )
    )
  }
  if (all.length === 0 || !all.every(isLate)) return []
  const ids = all.map(({ post }) => `${post.id} (${post.delivery})`).join(', ')
  return [{ promise: 'undo', why: `${how} made a step for the beginning of an alert after its end: posts ${ids}` }]
}

const reasonOf = ({ answer }: Story): string | undefined =>
  answer === undefined || answer === 'no answer' ? undefined : answer.body.reason

const windowsOf = ({ hooks }: Timeline, { hook, signed, uid }: Story['post']): readonly number[] =>
  (hooks.get(hook) ?? [])
    .filter(version => version.uid === uid)
    .map(signed?.isName === true ? replayWindowOf : dedupeWindowOf)

/** Checks the answer to a named delivery that is not executed, and not later either. */
const skips: ReadonlySet<string> = new Set([
  'Suspended',
  'Filtered',
  'CoolingDown',
  'LimitReached',
  'NothingToUndo',
  'SetByOthers',
])

/** A delivery that was skipped is not executed by another copy of it later on. */
const ranAfterAll = (timeline: Timeline, executed: readonly Executed[], story: Story): readonly Violation[] => {
  const { answer, arrived, ended, endedAt, post } = story
  if (answer === undefined || answer === 'no answer' || post.key === undefined || !skips.has(answer.body.reason))
    return []
  const isSame = (other: Story): boolean => other.post.uid === post.uid && other.post.key === post.key
  // What was in progress already when this one was answered may be finished.
  if (timeline.stories.some(other => isSame(other) && other.arrived < ended && other.ended > ended)) return []
  const skipped: Executed = {
    stories: [story],
    from: 0,
    to: 0,
    claimed: { key: post.key, uid: post.uid },
    earliest: story.arrivedAt,
    latest: endedAt,
    // It may have been decided long before it was answered: what fired in between came after it.
    stored: arrived,
    how: answer.body.reason,
  }
  const after = executed.find(
    step =>
      step.claimed?.uid === post.uid &&
      step.claimed.key === post.key &&
      step.earliest > endedAt &&
      !mayRunAgain(timeline, skipped, step),
  )
  if (!after) return []
  const why = `post ${post.id} (${post.delivery}) was skipped (${answer.body.reason}), and ran after all by ${after.how}`
  return [{ promise: '4', why }]
}

/** A hook that cools down has run, or may have. */
const noCooldown = (
  timeline: Timeline,
  executed: readonly Executed[],
  { answer, arrivedAt, endedAt, post }: Story,
): readonly Violation[] => {
  if (answer === undefined || answer === 'no answer' || answer.body.reason !== 'CoolingDown') return []
  const longest = Math.max(...(timeline.hooks.get(post.hook) ?? []).map(cooldownOf))
  const hasRun = executed.some(
    ({ claimed, earliest, latest }) =>
      claimed?.uid === post.uid && earliest <= endedAt && latest > arrivedAt - longest - clocksDifferMs,
  )
  const mayHaveRun = [...timeline.rows].some(row => changes(row, post.uid)) || hasForgotten(timeline)
  if (hasRun || mayHaveRun || clocksJump(timeline)) return []
  return [
    {
      promise: 'cooldown',
      why: `post ${post.id} to ${post.hook} got the answer that it cools down, and it has not run`,
    },
  ]
}

/** Whether a row that was done without ever having been a claim is of this hook, and not of a count that stayed. */
const changes = (row: string, hook: string): boolean => {
  const [uid, , from, to] = row.split(' ')
  return uid === hook && from !== to
}

const tooSoon = (timeline: Timeline, executed: readonly Executed[]): readonly Violation[] => {
  if (clocksJump(timeline)) return []
  const versions = [...timeline.hooks.values()].flat()
  /** The run before, by the time at which it was folded: between these. */
  const lastOf = new Map<string, Pick<Executed, 'earliest' | 'latest'>>()
  return executed
    .toSorted((a, b) => a.latest - b.latest)
    .flatMap(({ claimed, earliest, how, latest, stories: [story] }) => {
      const version = versions.find(({ uid }) => uid === claimed?.uid)
      const cooldownMs = version ? cooldownOf(version) : 0
      const minMs = cooldownMs - clocksDifferMs
      const last = lastOf.get(claimed?.uid ?? '')
      // One that cancelled out may have been answered long after it was folded, and so have come before.
      if (last && latest - last.earliest < minMs && last.latest - earliest >= minMs) return []
      lastOf.set(claimed?.uid ?? '', { earliest, latest })
      // What is taken back need not wait.
      const isUndo = story?.post.kind === 'resolved' && version !== undefined && onResolved(version) === 'undo'
      if (!last || latest - last.earliest >= minMs || cooldownMs === 0 || isUndo) return []
      const afterMs = latest - last.earliest
      return [{ promise: 'cooldown', why: `${version?.object.metadata.name} ran again by ${how} after ${afterMs} ms` }]
    })
}

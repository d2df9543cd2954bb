import { maxWorkMs } from '../../../src/record/acts.ts'
import { at } from '../../../src/api/json.ts'
import type { Happened, Violation } from '../happened.ts'
import { isPage, recentIn, rowsIn, type RecordedDelivery } from '../rows.ts'
import { clocksJump } from './executed.ts'
import { isOfJobs } from './jobs.ts'
import { isThere, targetOf } from './model.ts'
import { wasThrough } from './rollouts.ts'
import { mayKnow, stateIn, upTo, type Story, type Timeline } from './timeline.ts'
import type { Explanation } from './writes.ts'

/**
 * Posts that wait for the outcome of a count, and the outcomes that records show. An answer with an outcome is about a stored step,
 * and it is true. A post that asks about a decided delivery gets the outcome of it, also if its hook has changed since. Asking leaves
 * no trace.
 */
export const checkWaited = (timeline: Timeline, explanation: Explanation): readonly Violation[] => [
  ...timeline.asked.flatMap(story => untrueOutcome(timeline, explanation, story)),
  ...timeline.stories.flatMap(story => refusedToSay(timeline, story)),
  ...timeline.happened.flatMap((entry, place) => untrueRecent(timeline, entry, place)),
]

const untrueOutcome = (timeline: Timeline, explanation: Explanation, story: Story): readonly Violation[] => {
  const { answer, ended, post } = story
  if (answer === undefined || answer === 'no answer') return []
  const broken = (promise: string, why: string): readonly Violation[] => [
    { promise, why: `post ${post.id} (${post.delivery}) to ${post.hook} got ${answer.body.state}, ${why}` },
  ]
  const { from, outcome, state, to } = answer.body
  if (outcome === 'applied' && !isStored(timeline, explanation, story)) {
    return broken('3', `of a step from ${from} to ${to} that is not stored`)
  }
  if (outcome !== 'applied' && outcome !== 'unchanged') return broken('answers', `though its delivery was ${outcome}`)
  const objects = objectsOf(timeline, story)
  if (state === 'progressing') return []
  if (state === 'complete') {
    const isComplete = objects.some(({ object, place }) => place < ended && isThrough(object, to ?? Number.NaN))
    return isComplete ? [] : broken('answers', `and never were ${to} of them available meanwhile`)
  }
  if (state === 'replaced') {
    return isReplaceable(timeline, story) ? [] : broken('answers', 'and its object is the same all the time')
  }
  // Of a step that another process has finished, its object is not known.
  return state === 'stored' ? [] : broken('answers', 'which no count can be')
}

/** Whether the step that an answer speaks of is stored by then: as part of a write, in a record, or with one that cancelled it out. */
const isStored = (
  timeline: Timeline,
  { cancelled, explained }: Explanation,
  { answer, ended, post }: Story,
): boolean => {
  const [from, to] = [at(answer, 'body', 'from'), at(answer, 'body', 'to')]
  const steps = [
    ...explained.filter(({ stored }) => stored.place < ended).flatMap(write => write.steps),
    ...cancelled.flatMap(loop => loop.steps),
  ]
  return (
    timeline.rows.has(`${post.uid} ${post.key} ${String(from)} ${String(to)}`) ||
    steps.some(
      step => step.claimed?.uid === post.uid && step.claimed.key === post.key && step.from === from && step.to === to,
    )
  )
}

/** The versions of all objects that a post's hook may have been aimed at when it was asked. */
const objectsOf = (timeline: Timeline, { arrived, ended, post }: Story) => {
  const aims = new Set(
    (timeline.hooks.get(post.hook) ?? []).filter(version => isThere(version, post.uid)).map(targetOf),
  )
  return [...aims].flatMap(name => {
    const versions = timeline.targets.get(name) ?? []
    // A read that began before a change may end after it.
    return mayKnow(timeline, versions, arrived, ended).flatMap(({ deleted, place }) => {
      const entry = timeline.happened[place]
      return deleted || entry?.what !== 'stored' ? [] : [{ place, object: entry.object }]
    })
  })
}

/** Whether an object shows that all wanted replicas are there, and none to be removed: written down apart from the product. */
const isThrough = (object: unknown, to: number): boolean => {
  const wanted = Number(at(object, 'spec', 'replicas'))
  const present = Number(at(object, 'status', 'replicas') ?? 0)
  const available = Number(at(object, 'status', 'availableReplicas') ?? 0)
  const observed = Number(at(object, 'status', 'observedGeneration') ?? Infinity)
  return (
    observed >= Number(at(object, 'metadata', 'generation')) &&
    available >= Math.min(to, wanted) &&
    present <= Math.max(to, wanted)
  )
}

/** Whether there was ever another object for a hook: one that was made again, or another that it was aimed at. */
const isReplaceable = (timeline: Timeline, { ended, post }: Story): boolean => {
  const versions = upTo(timeline.hooks.get(post.hook) ?? [], 0, ended).filter(version => isThere(version, post.uid))
  const aims = [...new Set(versions.map(targetOf))]
  return (
    aims.length > 1 || aims.some(name => upTo(timeline.targets.get(name) ?? [], 0, ended).some(each => each.deleted))
  )
}

/** The reasons that a new delivery may get, and that one which was decided before must not get. */
const laterGates: ReadonlySet<unknown> = new Set([
  'Suspended',
  'Stopped',
  'Filtered',
  'CoolingDown',
  'LimitReached',
  'ExpressionFailed',
])

/** Finds posts that ask about a decided delivery, and are answered like a new one. */
const refusedToSay = (timeline: Timeline, { answer, arrived, ended, post }: Story): readonly Violation[] => {
  const reason = at(answer, 'body', 'reason')
  // What its body is the name of cannot be asked about: after the window it counts again.
  if (post.signed?.isName === true) return []
  if (post.waitMs === undefined || !laterGates.has(reason) || clocksJump(timeline)) return []
  const first = timeline.asked.find(
    other => other.post.uid === post.uid && other.post.key === post.key && other.ended < arrived,
  )
  if (!first || mayBeUnfinished(timeline, post, arrived, ended)) return []
  const why = `post ${post.id} (${post.delivery}) to ${post.hook} asked, and got ${String(reason)}: post ${first.post.id} got ${stateIn(first)}`
  return [{ promise: 'answers', why }]
}

/**
 * Whether a record shows meanwhile that the step of a delivery is not known to be stored. Its process knows, and notes it later. Until
 * then, a copy goes the way of a new delivery, and finishes it.
 */
const mayBeUnfinished = (
  { happened }: Timeline,
  { key, uid }: Story['post'],
  arrived: number,
  ended: number,
): boolean => {
  const isRecord = (entry: Happened): entry is Happened & { readonly what: 'stored' } =>
    entry.what === 'stored' &&
    entry.resource === 'receiverhookrecords' &&
    entry.object.metadata.ownerReferences?.[0]?.uid === uid &&
    !isPage(entry.object)
  const before = happened.findLastIndex((entry, place) => place <= arrived && isRecord(entry))
  return happened
    .slice(Math.max(0, before), ended)
    .filter(isRecord)
    .some(({ object }) => rowsIn(object['content']).some(row => row.key === key && row.claim !== undefined))
}

/** Entries of `recent` that are of a post that only asked, or have an outcome that was not. */
const untrueRecent = (timeline: Timeline, entry: Happened, place: number): readonly Violation[] => {
  if (entry.what !== 'stored' || entry.resource !== 'receiverhookrecords' || entry.deleted || isPage(entry.object))
    return []
  const uid = entry.object.metadata.ownerReferences?.[0]?.uid ?? ''
  return recentIn(entry.object['content']).flatMap(delivery => {
    const { outcome, reason, state } = delivery
    const asked = reason === 'Duplicate' && outcome !== 'skipped'
    if (asked)
      return [{ promise: 'recent', why: `the record of ${uid} shows a post that only asked: ${delivery.message}` }]
    if (state !== 'complete' || clocksJump(timeline) || isOfJobs(timeline, uid)) return []
    const rolled = timeline.acts.filter(story => mayBeIts(story, uid, delivery, place))
    const since = (post: Story['post']): number => firstArrival(timeline, post)
    if (rolled.some(story => wasThrough(timeline, { ...story, arrived: since(story.post), ended: place }))) return []
    return [{ promise: 'recent', why: `the record of ${uid} shows as complete what never was: ${delivery.message}` }]
  })
}

/** When the first copy of a delivery arrived: the others find what it has done. */
const firstArrival = ({ acts }: Timeline, { delivery, hook }: Story['post']): number =>
  acts.find(({ post }) => post.hook === hook && post.delivery === delivery)?.arrived ?? 0

const mayBeIts = (
  { answer, arrived, arrivedAt, endedAt, post, wall }: Story,
  uid: string,
  { at: recordedAt, outcome }: RecordedDelivery,
  place: number,
): boolean =>
  post.uid === uid &&
  arrived < place &&
  // A post that waits gets no outcome if its token is gone meanwhile.
  ([undefined, outcome].includes(outcomeIn(answer)) || isOpen(answer)) &&
  recordedAt >= wall &&
  recordedAt <= wall + (endedAt - arrivedAt) + 1 + (isOpen(answer) ? workMs : 0)

/** How long work may go on after its post, and be reported then, in milliseconds. */
const workMs = maxWorkMs + 10_000

const outcomeIn = (answer: Story['answer']): string | undefined =>
  answer === undefined || answer === 'no answer' ? undefined : answer.body.outcome

/** Whether an answer does not say how the work ends. */
const isOpen = (answer: Story['answer']): boolean =>
  answer === undefined || answer === 'no answer' || answer.status === 503

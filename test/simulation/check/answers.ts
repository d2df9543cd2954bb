import { at } from '../../../src/api/json.ts'
import type { Reason } from '../../../src/api/reasons.ts'
import type { Answer } from '../../../src/trigger/answer.ts'
import { maxWaitingForKeys } from '../../../src/trigger/limits.ts'
import type { Violation } from '../happened.ts'
import {
  accepts,
  filtered,
  hasCooldown,
  hasForgotten,
  hasLimits,
  isThere,
  onResolved,
  stepOf,
  stoodStill,
  wasRefusing,
  takenBack,
  targetOf,
} from './model.ts'
import { wasGone, wasPowerless } from './accounts.ts'
import { isBehindEarlier } from './deleted.ts'
import { clocksJump } from './executed.ts'
import { isKeyGone } from './keys.ts'
import { shownTo, type Shown } from './proofs.ts'
import { mayRunAt, wasStopped } from './stops.ts'
import { currentAt, mayGoBy, upTo, type HookVersion, type Story, type Timeline } from './timeline.ts'
import type { Explanation } from './writes.ts'

/** How long a process may take over an answer at the worst, and when all is well, in milliseconds. */
const maxAnswerMs = 8000
const wellAnswerMs = 4000

/**
 * Answers are true: what says that nothing was to be done has seen a count, or a hook, at which nothing was; a 404 or a
 * 410 is given to no token that is good; and when all is well every post is answered in time.
 */
export const checkAnswers = (timeline: Timeline, explanation: Explanation): readonly Violation[] =>
  timeline.stories.flatMap(story => {
    const { answer } = story
    const about = { timeline, explanation, story, versions: mayGoBy(timeline, story, story.arrived, story.ended) }
    const untrue = answer === undefined || answer === 'no answer' ? undefined : judge(about, answer.body)
    return [lateness(timeline, story), untrue, ranStopped(about)].flatMap(found =>
      found ? [aboutPost(story, found)] : [],
    )
  })

/** Whether each post is answered in time, regardless of what its answer says. */
export const checkLateness = (timeline: Timeline): readonly Violation[] =>
  timeline.stories.flatMap(story => {
    const late = lateness(timeline, story)
    return late ? [aboutPost(story, late)] : []
  })

/** What is judged by counts or by posts from before, and what only a restore causes. */
const outsideOfRestores: ReadonlySet<Reason> = new Set([
  'AtBound',
  'WouldPassBound',
  'OutcomeUnknown',
  'HistoryWentBack',
  'Resolved',
])

/** Whether answers are true so far as hooks, Secrets and keys show it, without the counts. */
export const checkWithoutCounts = (timeline: Timeline): readonly Violation[] =>
  timeline.stories.flatMap(story => {
    const { answer, arrived, ended } = story
    if (answer === undefined || answer === 'no answer' || outsideOfRestores.has(answer.body.reason)) return []
    const explanation = { explained: [], cancelled: [], violations: [] }
    const about = { timeline, explanation, story, versions: mayGoBy(timeline, story, arrived, ended) }
    return [judge(about, answer.body), ranStopped(about)].flatMap(found => (found ? [aboutPost(story, found)] : []))
  })

const aboutPost = ({ post }: Story, { promise, why }: Violation): Violation => ({
  promise,
  why: `post ${post.id} to ${post.hook} ${why}`,
})

/** What was decided of a post while all hooks were stopped. */
const decided: ReadonlySet<unknown> = new Set(['applied', 'unchanged', 'skipped', 'rejected'])

const ranStopped = ({ story, timeline, versions }: Omit<About, 'explanation'>): Violation | undefined => {
  const { answer, arrived, ended, post } = story
  // Also while hooks are stopped, a post may ask for what was decided before.
  const asked = post.waitMs !== undefined && isOfEarlier(answer)
  if (asked || !decided.has(at(answer, 'body', 'outcome')) || mayRunAt(timeline, story, versions, arrived, ended))
    return undefined
  return { promise: '5', why: `got ${String(at(answer, 'body', 'reason'))}, and all hooks were stopped` }
}

const isOfEarlier = (answer: Story['answer']): boolean =>
  String(at(answer, 'body', 'message')).startsWith('the same delivery was decided at ')

const lateness = (timeline: Timeline, story: Story): Violation | undefined => {
  const { answer, arrivedAt, endedAt, post } = story
  const took = endedAt - arrivedAt
  if (answer !== undefined && took > maxAnswerMs + (post.waitMs ?? 0) && !stoodStill(timeline, post.process)) {
    return { promise: 'liveness', why: `was answered after ${took} ms` }
  }
  if (!post.healed || isBehindEarlier(timeline, story)) return undefined
  const status = answer === undefined || answer === 'no answer' ? 'no answer' : answer.status
  const reason = at(answer, 'body', 'reason')
  const isUnknown = status === 'no answer' || reason === 'OutcomeUnknown'
  const isServed = isUnknown ? forgotLately(timeline, arrivedAt) : served.has(status) || reason === 'ExpressionFailed'
  const isExcused =
    sharedSickRead(timeline, arrivedAt, answer) ||
    (reason === 'Overloaded' && foundNoPlace(timeline, story)) ||
    // Tokens that a process refused by its clock made it read no new key while the issuer still answered.
    (reason === 'IssuerUnavailable' && clocksJump(timeline))
  if ((isServed || isExcused) && took <= wellAnswerMs) return undefined
  return { promise: 'liveness', why: `got ${JSON.stringify(answer)} after ${took} ms, when all was well` }
}

/** Whether so many posts were waiting for an answer of the process that none could wait for keys: as after it has stood still. */
const foundNoPlace = ({ stories }: Timeline, { arrivedAt, post }: Story): boolean => {
  const waiting = stories.filter(
    other => other.post.process === post.process && other.arrivedAt <= arrivedAt && other.endedAt > arrivedAt,
  )
  return waiting.length >= maxWaitingForKeys
}

/** How long posts may share a read of a custom kind's definition, in milliseconds. */
const sharedMs = 1500

/** Whether a post shared a read that began before an API server was well again, and failed after that. */
const sharedSickRead = ({ happened }: Timeline, arrivedAt: number, answer: Story['answer']): boolean =>
  at(answer, 'body', 'reason') === 'ApiUnreachable' &&
  /^GET .* no answer within/.test(String(at(answer, 'body', 'message'))) &&
  happened.some(
    entry =>
      entry.what === 'world' &&
      /API server is (well again|back)$/.test(entry.did) &&
      entry.at <= arrivedAt &&
      arrivedAt - entry.at < sharedMs,
  )

/** The step was made, or cannot be made. That a post did not show what it had to, or that its key was dropped, is judged apart. */
const served: ReadonlySet<number | string> = new Set([200, 401, 404, 409])

/** How long a process goes by a version of a target, whose successors the API server may have forgotten, in milliseconds. */
const rememberedMs = 60_000

/** Returns whether the outcome of a write may be unknown to everybody. */
const forgotLately = ({ happened }: Timeline, moment: number): boolean =>
  happened.some(entry => entry.what === 'world' && entry.did.includes('forgets') && moment - entry.at < rememberedMs)

/** What an answer is judged by. */
interface About {
  readonly timeline: Timeline
  readonly explanation: Explanation
  readonly story: Story
  /** The versions of its hook that the process may have gone by. */
  readonly versions: readonly HookVersion[]
}

/** Answers what is untrue, if anything is. */
type Judge = (about: About, answer: Answer) => Violation | undefined

const judge: Judge = (about, answer) => {
  const known = judges[answer.reason]
  if (known) return known(about, answer)
  return { promise: 'answers', why: `got ${answer.reason}, which nothing in here can cause` }
}

const unlessSome =
  (promise: string, why: string, holds: (version: HookVersion, about: About, answer: Answer) => boolean): Judge =>
  (about, answer) =>
    about.versions.some(version => holds(version, about, answer))
      ? undefined
      : { promise, why: `got the answer ${why}` }

/** The count that an answer speaks of is one at which the hook does nothing, and one that the target had. */
const stays =
  (what: string, outcome: (count: number) => number | 'rejected'): Judge =>
  (about, answer) => {
    const count = answer.from ?? Number.NaN
    const { explanation, timeline } = about
    const story = firstCopy(about)
    const versions = mayGoBy(timeline, story, story.arrived, story.ended)
    const there = versions.filter(version => isThere(version, story.post.uid))
    if (!there.some(version => isStill(version, count, story) || stepOf(version, count) === outcome(count))) {
      return { promise: '2', why: `got the answer that ${count} ${what}` }
    }
    const isSeen = there.some(version => countsSeen(timeline, explanation, story, targetOf(version)).has(count))
    return isSeen
      ? undefined
      : { promise: '1', why: `got the answer that the count is ${count}, which it never was meanwhile` }
  }

/** Whether a hook takes back, and that would change nothing at a count, whichever way it goes. */
const isStill = (version: HookVersion, count: number, { post }: Story): boolean =>
  post.kind === 'resolved' &&
  onResolved(version) === 'undo' &&
  [takenBack(version, count, 1), takenBack(version, count, -1)].includes(count)

/** A copy of a delivery may be answered with the outcome of an earlier one, of any process. */
const firstCopy = ({ story, timeline }: About): Story => {
  const { key, uid } = story.post
  const first = key === undefined ? story : timeline.stories.find(({ post }) => post.uid === uid && post.key === key)
  return { ...story, arrived: first?.arrived ?? story.arrived }
}

const isTrue: Judge = () => undefined

const isRefused: Judge = ({ story, timeline, versions }) =>
  wasRefusing(timeline, story.arrived, story.ended) || versions.some(version => wasPowerless(timeline, version, story))
    ? undefined
    : { promise: 'answers', why: 'got the answer that the API server refuses the count, which it did not meanwhile' }

const maySee =
  (shown: Shown) =>
  (version: HookVersion, { story, timeline }: About): boolean =>
    isThere(version, story.post.uid) && shownTo(timeline, version, story).includes(shown)

/** The answers that the world in here can cause. Those about a step are checked with the writes. */
const judges: Partial<Record<Reason, Judge>> = {
  Stepped: isTrue,
  Undone: isTrue,
  SetByOthers: unlessSome(
    '1',
    'that somebody else has set the count, by a hook that does not take back',
    version => onResolved(version) === 'undo',
  ),
  NothingToUndo: unlessSome(
    '1',
    'that nothing can be taken back by a hook that does not take back',
    version => onResolved(version) === 'undo',
  ),
  Filtered: unlessSome(
    'when',
    'that its expression is false',
    (version, { story }) => filtered(version, story.post) === 'does not',
  ),
  ExpressionFailed: unlessSome(
    'when',
    'that its expression fails',
    (version, { story }) => filtered(version, story.post) === 'fails',
  ),
  Duplicate: isTrue,
  ApiUnreachable: isTrue,
  Contended: isTrue,
  NotReady: isTrue,
  Overloaded: isTrue,
  BodyTooSlow: isTrue,
  AtBound: stays('is at a bound', count => count),
  WouldPassBound: stays('is so near to a bound that a step would pass it', () => 'rejected'),
  Stopped: ({ story, timeline }) =>
    wasStopped(timeline, story) ? undefined : { promise: '5', why: 'got the answer that all hooks are stopped' },
  Suspended: unlessSome('5', 'that the hook is suspended', ({ object }) => at(object, 'spec', 'suspend') === true),
  CoolingDown: unlessSome('4', 'that it cools down, and the hook has no cooldown', hasCooldown),
  LimitReached: unlessSome('limits', 'that a limit is reached, and the hook has none', hasLimits),
  OutcomeUnknown: ({ timeline }) =>
    hasForgotten(timeline)
      ? undefined
      : { promise: '4', why: 'got the answer that the history is gone, and it never was' },
  Resolved: ({ story, timeline }) =>
    story.post.kind === 'resolved' || mayBeOver(timeline, story)
      ? undefined
      : { promise: '1', why: 'was taken for the end of an alert, or for a beginning that came after it' },
  ManagedByAutoscaler: unlessSome(
    '5',
    'that an autoscaler owns the target, of which the status does not speak',
    ({ object }) => JSON.stringify(object['status']).includes('ManagedByAutoscaler'),
  ),
  Forbidden: isRefused,
  NotScalable: isRefused,
  TargetNotFound: unlessSome('5', 'that the target is missing, which it never was meanwhile', (version, about) =>
    wasMissing(about.timeline, targetOf(version), about.story),
  ),
  AccountNotFound: unlessSome(
    'account',
    'that its account is missing, which it never was meanwhile',
    (version, about) => wasGone(about.timeline, version, about.story),
  ),
  HookDeleted: unlessSome(
    'false 410',
    'that its hook is deleted',
    (version, { story }) => !isThere(version, story.post.uid),
  ),
  TokenRotated: unlessSome(
    'false 410',
    'that its token was rotated out',
    (version, { story }) => !accepts(version, story.post.rotation, Number.MAX_SAFE_INTEGER),
  ),
  Unauthorized: unlessSome('auth', 'that it does not show what is asked for, which it does', maySee('too little')),
  AuthSecretNotFound: unlessSome('auth', 'that a Secret is missing, which it never was meanwhile', maySee('unknown')),
  IssuerUnavailable: unlessSome(
    'auth',
    "that the issuer's keys cannot be read, which the process had read",
    maySee('the issuer is away'),
  ),
  UnknownToken: ({ story, timeline }) =>
    isKeyGone(timeline, story) ? undefined : { promise: 'false 404', why: 'got the answer that its token is unknown' },
}

/** Whether the end of an alert was posted before the post of its beginning was answered. */
const mayBeOver = ({ stories }: Timeline, { ended, post }: Story): boolean =>
  stories.some(
    other =>
      other.post.kind === 'resolved' &&
      other.post.alert === post.alert &&
      other.post.uid === post.uid &&
      (other.post.since ?? 0) >= (post.since ?? 0) &&
      other.arrived < ended,
  )

/** The counts of a target between a post's arrival and its answer, those between the steps of one write included. */
const countsSeen = (
  timeline: Timeline,
  { cancelled, explained }: Explanation,
  story: Story,
  target: string,
): ReadonlySet<number> => {
  const versions = timeline.targets.get(target) ?? []
  const seen = new Set(upTo(versions, currentAt(versions, story.arrived), story.ended).map(({ count }) => count))
  const own = [...cancelled, ...explained.map(({ fold, steps }) => ({ ...fold, steps }))].filter(
    each => each.target === target && (story.post.key !== undefined || each.process === story.post.process),
  )
  for (const { place, steps } of own) {
    // Those of one batch that cancelled one another out are answered one after another, and may look like part of the
    // write before.
    const isAnsweredWithIt = steps.some(({ stories }) => stories.some(({ endedAt }) => endedAt === story.endedAt))
    const isWithin = place >= story.arrived && (timeline.happened[place]?.at ?? 0) <= story.endedAt
    if (!isWithin && !isAnsweredWithIt) continue
    for (const { from, to } of steps) seen.add(from).add(to)
  }
  return withSilent(timeline, story, target, seen)
}

/** Posts without an outcome may have been in a batch with it, and have cancelled one another out. */
const withSilent = (
  timeline: Timeline,
  { arrived, ended, post }: Story,
  target: string,
  seen: ReadonlySet<number>,
): ReadonlySet<number> => {
  const steps = timeline.stories
    .filter(other => isUnknown(other) && other.post.process === post.process)
    .filter(other => other.arrived < ended && other.ended > arrived)
    .flatMap(other => mayGoBy(timeline, other, other.arrived, other.ended))
    .filter(version => targetOf(version) === target)
  const counts = new Set(seen)
  for (const count of counts) {
    for (const version of steps) {
      const to = stepOf(version, count)
      if (typeof to === 'number') counts.add(to)
    }
  }
  return counts
}

const isUnknown = ({ answer }: Story): boolean =>
  answer === undefined || answer === 'no answer' || answer.body.outcome === 'unavailable'

const wasMissing = ({ targets }: Timeline, target: string, { arrived, ended }: Story): boolean => {
  const versions = targets.get(target) ?? []
  return upTo(versions, currentAt(versions, arrived), ended).some(({ deleted }) => deleted)
}

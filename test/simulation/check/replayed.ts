import type { Violation } from '../happened.ts'
import { clocksDifferMs, clocksJump, decidedAgoMs, decidedBy, executedIn, type Executed } from './executed.ts'
import { replayWindowOf } from './model.ts'
import { listIn, mayGoBy, type Story, type Timeline } from './timeline.ts'
import type { Explanation } from './writes.ts'

/**
 * Where a hook counts a signed body once: within its window that body is applied at most once, under any names of its
 * posts. A post is answered that its body was decided before only if it was, within the window.
 */
export const checkReplays = (timeline: Timeline, explanation: Explanation): readonly Violation[] => [
  ...appliedTwice(timeline, executedIn(timeline, explanation)),
  ...timeline.stories.flatMap(story => untrueReplay(timeline, story)),
]

/** Whether an answer says that its post's body was decided before, perhaps under another name. */
export const isReplay = (message: string): boolean => message.startsWith('the same signed body was decided at ')

/** Everything that the record may know a post's body by: the names of all its posts, and itself. */
export const keysOf = ({ stories }: Timeline, { signed, uid }: Story['post']): ReadonlySet<string | undefined> =>
  new Set([
    signed?.body,
    ...stories.flatMap(({ post }) => (post.uid === uid && post.signed?.body === signed?.body ? post.key : [])),
  ])

const appliedTwice = (timeline: Timeline, executed: readonly Executed[]): readonly Violation[] => {
  // The moments in a record mean nothing where clocks jump.
  if (clocksJump(timeline)) return []
  const runs = new Map<string, Executed[]>()
  for (const step of executed.toSorted((a, b) => a.stored - b.stored)) {
    const body = bodyOf(step)
    if (body !== undefined) listIn(runs, `${step.claimed?.uid} ${body}`).push(step)
  }
  return [...runs.values()].flatMap(steps =>
    steps.flatMap((step, index) => {
      const before = steps[index - 1]
      if (!before) return []
      const afterMs = step.latest - before.earliest
      if (afterMs >= minWindow(timeline, step) - clocksDifferMs) return []
      const ids = [...before.stories, ...step.stories].map(({ post }) => `${post.id} (${post.delivery})`)
      const why = `one signed body counted twice within ${afterMs} ms, by ${before.how} and by ${step.how}: posts ${ids.join(', ')}`
      return [{ promise: 'replay', why }]
    }),
  )
}

/** The body that a step was made for, where that is sure: one of several posts may have been folded. */
const bodyOf = ({ stories }: Executed): string | undefined => {
  const bodies = new Set(stories.map(({ post }) => post.signed?.body))
  return bodies.size === 1 ? [...bodies][0] : undefined
}

/** The shortest window by which a step may have been judged, in milliseconds. */
const minWindow = (timeline: Timeline, { stored, stories }: Executed): number =>
  Math.min(
    ...stories.flatMap(story =>
      mayGoBy(timeline, story, story.arrived, stored)
        .filter(({ uid }) => uid === story.post.uid)
        .map(replayWindowOf),
    ),
  )

/**
 * What is answered to a post whose delivery is decided by it neither then nor later. A post may also learn only after its step is
 * stored that its hook was deleted meanwhile, or its token rotated.
 */
const undecided: ReadonlySet<string> = new Set(['AuthSecretNotFound', 'Duplicate', 'Unauthorized', 'UnknownToken'])

const untrueReplay = (timeline: Timeline, story: Story): readonly Violation[] => {
  const { answer, arrived, ended, post } = story
  if (answer === undefined || answer === 'no answer' || !isReplay(answer.body.message)) return []
  const broken = (why: string): readonly Violation[] => [
    {
      promise: 'replay',
      why: `post ${post.id} (${post.delivery}) got the answer that its body was decided before, ${why}`,
    },
  ]
  const isFirst = (other: Story): boolean =>
    other.post.id !== post.id &&
    other.post.uid === post.uid &&
    other.post.signed?.body === post.signed?.body &&
    other.arrived < ended &&
    // Who waits for the outcome may be refused it after the delivery was decided.
    (other.post.waitMs !== undefined ||
      !(other.answer !== undefined && other.answer !== 'no answer' && undecided.has(other.answer.body.reason)))
  const firsts = post.signed ? timeline.stories.filter(isFirst) : []
  if (firsts.length === 0) return broken('and no other post of it can have been')
  if (clocksJump(timeline)) return []
  const longest = Math.max(
    ...mayGoBy(timeline, story, arrived, ended).flatMap(version =>
      version.uid === post.uid ? replayWindowOf(version) : [],
    ),
  )
  const agoMs = decidedAgoMs(story, answer.body.message)
  if (agoMs >= longest) return broken(`${agoMs} ms ago, which its window does not reach`)
  const by = decidedBy(story, answer.body.message)
  return firsts.some(first => first.arrivedAt <= by) ? [] : broken(`by ${by} ms, and nobody had posted it then`)
}

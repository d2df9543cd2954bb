import type { Violation } from '../happened.ts'
import { accepts, filtered, isOn, mayTakeBack, onResolved, stepOf, targetOf } from './model.ts'
import { isShown } from './proofs.ts'
import { mayRunAt } from './stops.ts'
import { mayGoBy, upTo, type HookVersion, type Story, type Timeline } from './timeline.ts'
import type { Step } from './walk.ts'
import type { Explained } from './writes.ts'

/**
 * Promises 2 and 5. Each step is what the hook says, in a version that the process may still go by when it folds the
 * step: there, not suspended, aimed at this target, and accepting the token.
 */
export const checkSteps = (timeline: Timeline, explained: readonly Explained[]): readonly Violation[] =>
  explained.flatMap(write =>
    write.steps.flatMap(step => {
      const found = step.stories.map(story => whyNot(timeline, write, step, story))
      // What ends by itself is judged apart.
      if (found.includes(undefined) || step.claimed?.isEnd === true) return []
      const { fold } = write
      const what = `${fold.mark} of ${fold.process} took ${fold.target} from ${step.from} to ${step.to}`
      const [first] = found
      if (first === undefined) return [{ promise: '1', why: `${what}, and no post was there that asked for it` }]
      const post = step.stories[0]?.post
      return [{ promise: first.promise, why: `${what} for post ${post?.id} to ${post?.hook}: ${first.why}` }]
    }),
  )

const whyNot = (timeline: Timeline, { fold }: Explained, { from, to }: Step, story: Story): Violation | undefined => {
  const { post, wall } = story
  const says = (version: HookVersion): boolean =>
    version.uid === post.uid &&
    targetOf(version) === fold.target &&
    filtered(version, post) === 'counts' &&
    (post.kind === 'resolved' ? ends(version, from, to) : stepOf(version, from) === to)
  const ever = upTo(timeline.hooks.get(post.hook) ?? [], 0, fold.place)
  if (!ever.some(says)) return { promise: '2', why: 'the hook never said so' }
  const now = mayGoBy(timeline, story, fold.place)
  if (!now.some(version => isOn(version, post.uid) && says(version))) {
    return { promise: '5', why: 'the hook no longer said so, and the process knew, or should have read it' }
  }
  if (!now.some(version => isOn(version, post.uid) && says(version) && isShown(timeline, version, story))) {
    return { promise: 'auth', why: 'it did not show what the hook asks for' }
  }
  if (!mayRunAt(timeline, story, now, fold.place)) {
    return { promise: '5', why: 'all hooks were stopped, and the process knew, or should have read it' }
  }
  const since = mayGoBy(timeline, story, story.arrived, fold.place)
  if (since.some(version => isOn(version, post.uid) && accepts(version, post.rotation, wall))) return undefined
  return { promise: '5', why: `its token of rotation ${post.rotation} was no longer accepted` }
}

/** Whether the end of an alert may lead from one count to another; whether it takes back the right number is judged apart. */
const ends = (version: HookVersion, from: number, to: number): boolean => {
  if (onResolved(version) === 'run') return stepOf(version, from) === to
  return onResolved(version) === 'undo' && mayTakeBack(version, from, to)
}

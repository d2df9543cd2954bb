import type { Violation } from '../happened.ts'
import { accepts, isOn } from './model.ts'
import { currentAt, mayGoBy, mayKnow, upTo, type Story, type Timeline } from './timeline.ts'

/**
 * What is answered to a token whose signature is not, or cannot be, found right. A source whose posts are refused again and
 * again gets Overloaded before anybody looks at the signature.
 */
const outside: ReadonlySet<string> = new Set([
  'UnknownToken',
  'HistoryWentBack',
  'NotReady',
  'ApiUnreachable',
  'Overloaded',
])

/**
 * A key that was dropped lets nobody in: no post is let through whose token is signed with a key that was not in the set any
 * more, as its process knew, or should have read.
 */
export const checkKeys = (timeline: Timeline): readonly Violation[] =>
  timeline.stories.flatMap(story => {
    const { answer, ended, post } = story
    if (answer === undefined || (answer !== 'no answer' && outside.has(answer.body.reason))) return []
    if (mayBeSigned(timeline, story, ended)) return []
    const got = answer === 'no answer' ? 'let through' : `answered ${answer.body.reason}`
    return [{ promise: '5', why: `post ${post.id} to ${post.hook} was ${got}, and the key of its token was dropped` }]
  })

/** Whether the key of a post's token may have been found in the set from its arrival up to a place. */
const mayBeSigned = (timeline: Timeline, story: Story, until: number): boolean =>
  mayKnow(timeline, timeline.keys, story.arrived, until).some(({ kids }) => kids.has(story.post.kid))

/** Whether the token of a post may have been accepted, from its arrival up to a place. */
export const mayBeAccepted = (timeline: Timeline, story: Story, until: number): boolean =>
  mayBeSigned(timeline, story, until) &&
  mayGoBy(timeline, story, story.arrived, until).some(
    version => isOn(version, story.post.uid) && accepts(version, story.post.rotation, story.wall),
  )

/** Whether the key of a post's token was not in the set at some moment from its arrival to its answer. */
export const isKeyGone = ({ keys }: Timeline, { arrived, ended, post }: Story): boolean =>
  upTo(keys, currentAt(keys, arrived), ended).some(({ kids }) => !kids.has(post.kid))

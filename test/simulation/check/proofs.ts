import { authOf } from '../../../src/api/auth.ts'
import { isReceiverHook } from '../../../src/api/hook.ts'
import type { Proof, Violation } from '../happened.ts'
import { isThere } from './model.ts'
import { idTokenShown } from './id-tokens.ts'
import { mayGoBy, upTo, type HookVersion, type Story, type Timeline } from './timeline.ts'

/** How long after a change of a Secret what it held before may be gone by, in milliseconds: what the guide promises. */
const promisedMs = 2000

/** What a hook can make of what a post shows. */
export type Shown = 'all' | 'too little' | 'unknown' | 'the issuer is away'

/**
 * What a version of a hook may make of what a post shows: by what its Secret held at any moment from the promised seconds
 * before the post's arrival on, up to a place.
 */
export const shownTo = (timeline: Timeline, { object }: HookVersion, story: Story): readonly Shown[] => {
  const auth = isReceiverHook(object) && object.spec.auth ? authOf(object.spec.auth) : undefined
  // No editor of the simulation asks for a topic.
  if (!auth || auth.form === 'sns') return ['all']
  if (auth.form === 'oidc') return idTokenShown(timeline, auth, story)
  const { arrivedAt, ended, post } = story
  const { happened, secrets } = timeline
  const versions = secrets.get(auth.secret) ?? []
  const since = versions.findLastIndex(({ place }) => (happened[place]?.at ?? 0) <= arrivedAt - promisedMs)
  const words = upTo(versions, since, ended).map(({ word }) => word)
  if (since === -1) words.push('')
  return words.map(word => {
    if (word === '') return 'unknown'
    return proves(post.proof, { ...auth, word }) ? 'all' : 'too little'
  })
}

const proves = (
  proof: Proof | undefined,
  asked: { readonly form: string; readonly header?: string; readonly word: string },
): boolean =>
  proof !== undefined &&
  proof.form !== 'id token' &&
  proof.spoiled === undefined &&
  proof.form === asked.form &&
  proof.word === asked.word &&
  proof.header === asked.header?.toLowerCase()

/** Whether a post may be taken to show all that a version of its hook asks for. */
export const isShown = (timeline: Timeline, version: HookVersion, story: Story): boolean =>
  shownTo(timeline, version, story).includes('all')

/** What is answered before it is known what a post shows, or without knowing it. */
const outside: ReadonlySet<string> = new Set([
  'UnknownToken',
  'HookDeleted',
  'TokenRotated',
  'HistoryWentBack',
  'NotReady',
  'ApiUnreachable',
  'Overloaded',
  'BodyTooSlow',
  'Unauthorized',
  'AuthSecretNotFound',
  'IssuerUnavailable',
])

/** A post that does not prove what its hook asks for is answered with nothing more than that. */
export const checkProofs = (timeline: Timeline): readonly Violation[] =>
  timeline.stories.flatMap(story => {
    const { answer, arrived, ended, post } = story
    if (answer === undefined || (answer !== 'no answer' && outside.has(answer.body.reason))) return []
    const versions = mayGoBy(timeline, story, arrived, ended)
    if (versions.some(version => isThere(version, post.uid) && isShown(timeline, version, story))) return []
    const got = answer === 'no answer' ? 'let through' : `answered ${answer.body.reason}`
    return [
      { promise: 'auth', why: `post ${post.id} to ${post.hook} was ${got}, and it showed ${described(post.proof)}` },
    ]
  })

const described = (proof: Proof | undefined): string => (proof ? JSON.stringify(proof) : 'nothing')

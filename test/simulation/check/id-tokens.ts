import type { IssuerAuth } from '../../../src/api/auth.ts'
import type { IdTokenProof } from '../happened.ts'
import type { Shown } from './proofs.ts'
import type { KeyRead, Story, Timeline } from './timeline.ts'

/** How far the clocks of an issuer and of a process may be apart, in seconds: what the guide promises. */
const leeway = 60

/** How long keys count while the issuer cannot be reached, in milliseconds: what the guide promises. */
const keptMs = 24 * 3_600_000

/** How soon keys are read again after a read of them, and after a read that failed, in milliseconds, by chance a tenth later. */
const readAgainMs = 660_000
const tryAgainMs = 66_000

/** How long a read may take, in milliseconds: two requests, and their ways. */
const readTakesMs = 11_000

/** Within how long before a post its keys must have been read if it names one that was not among them, in milliseconds. */
const askedEveryMs = 10_000

/** How long a post waits for a read, in milliseconds, and how many may. */
const waitMs = 2000
const maxWaiting = 32

/**
 * What a hook that asks for an ID token can make of what a post shows: by the keys that its process had read at any moment from
 * the post's arrival to its end.
 */
export const idTokenShown = (timeline: Timeline, auth: IssuerAuth, story: Story): readonly Shown[] => {
  const { proof } = story.post
  if (proof?.form !== 'id token' || !isFor(auth, proof)) return ['too little']
  const { isRight, isWrong } = timesOf(proof, story)
  const moments = momentsOf(timeline, story)
  const shown = new Set<Shown>(isWrong ? ['too little'] : [])
  for (const moment of isRight ? moments : []) {
    if (moment.kids.has(proof.kid)) shown.add(proof.isSigned && moment.isCurrent ? 'all' : 'too little')
    else {
      if (moment.isKnown) shown.add('too little')
      if (moment.isUnsure) shown.add('the issuer is away')
    }
  }
  return [...shown]
}

const isFor = ({ audience, claims, issuer }: IssuerAuth, proof: IdTokenProof): boolean =>
  proof.issuer === issuer &&
  proof.audience === audience &&
  claims.every(({ name, oneOf }) => oneOf.includes(proof.claims[name] ?? ''))

/** Whether a token is valid, or is not, by what the wall clock of the process showed. */
const timesOf = ({ expiresAt, issuedAt }: IdTokenProof, { latestWall, wall }: Story) => {
  const [first, last] = [Math.floor(wall / 1000), Math.floor(latestWall / 1000)]
  const [from, to] = [issuedAt - leeway, expiresAt + leeway]
  return { isRight: first < to && last >= from, isWrong: first < from || last >= to }
}

/** What a process knows of the keys at a moment. */
interface Moment {
  /** Those of the last read that gave a key set. */
  readonly kids: ReadonlySet<string>
  /** Whether these still count. */
  readonly isCurrent: boolean
  /** Whether it knows that there are no others: a post with another one need not wait. */
  readonly isKnown: boolean
  /** Whether it cannot know. */
  readonly isUnsure: boolean
}

/** The moment of a post's arrival, and each meanwhile at which a read ended. */
const momentsOf = (timeline: Timeline, story: Story): readonly Moment[] => {
  const { arrived, arrivedAt, ended, post } = story
  const reads = timeline.keyReads.get(post.process) ?? []
  const places = reads.map(read => read.ended).filter(place => place > arrived && place <= ended)
  return [arrived, ...places].map(place =>
    momentAt(timeline, story, reads, place, Math.max(arrivedAt, atOf(timeline, place))),
  )
}

const atOf = ({ happened }: Timeline, place: number): number => happened[place]?.at ?? 0

const momentAt = (timeline: Timeline, story: Story, reads: readonly KeyRead[], place: number, now: number): Moment => {
  const past = reads.filter(({ ended }) => ended <= place)
  const last = past.at(-1)
  const good = past.findLast(({ kids }) => kids !== undefined)
  const goesOn = (reads[past.length]?.beganAt ?? Infinity) <= story.endedAt
  if (!good || !last) return { kids: new Set(), isCurrent: false, isKnown: false, isUnsure: true }
  const isReadAgain = now - last.endedAt < (last.failed ? tryAgainMs : readAgainMs) + readTakesMs
  return {
    kids: good.kids ?? new Set(),
    isCurrent: isReadAgain && now - good.beganAt < keptMs,
    isKnown: !last.failed && story.arrivedAt - last.beganAt < askedEveryMs,
    isUnsure: last.failed || (goesOn && waitsLong(timeline, story)),
  }
}

/** Whether a post may have waited for a read as long as it may, or may have found no place to wait. */
const waitsLong = ({ stories }: Timeline, { arrivedAt, endedAt, post }: Story): boolean =>
  endedAt - arrivedAt >= waitMs ||
  stories.filter(
    other => other.post.process === post.process && other.arrivedAt <= endedAt && other.endedAt >= arrivedAt,
  ).length > maxWaiting

import type { Violation } from '../happened.ts'
import { isPage, rowsIn, type RecordRow } from '../rows.ts'
import { forOf, hasForgotten, onResolved, takenBack, targetOf } from './model.ts'
import { currentAt, listIn, mayGoBy, mayKnow, upTo, type HookVersion, type Story, type Timeline } from './timeline.ts'
import { isOursAt, lastWordAt, wordsOf, type Words } from './words.ts'

/** What a firing of an alert has changed, or its end taken back, and where that was written. */
interface Change {
  readonly uid: string
  readonly delta: number
  readonly place: number
}

/** One alert at one hook: all changes up to a place, the newest last. */
type Account = { readonly place: number; readonly changes: readonly Change[] }[]

/** A step that is claimed, or has cancelled out without having been claimed. */
interface Claimed {
  readonly story: Story
  readonly row: RecordRow
  /** The object that is to be changed. */
  readonly uid: string
  /** What had been changed at that moment. */
  readonly changes: readonly Change[]
  /** The places of the versions of which it may have been computed from one. */
  readonly from: readonly number[]
}

/**
 * The end of an alert takes back what its firings have really changed: exactly that, within the bounds, once. Which steps
 * there were the records show, and the API server which of their writes it has stored. What somebody else has set since
 * stands.
 */
export const checkUndo = (timeline: Timeline): readonly Violation[] => {
  // Where the API server has forgotten, steps may have been made that nobody knows of.
  if (hasForgotten(timeline)) return []
  const named = timeline.stories.map(story => [`${story.post.uid} ${story.post.key}`, story] as const)
  const [stories, firsts] = [new Map(named), new Map(named.toReversed())]
  const words = wordsOf(timeline)
  const accounts = new Map<string, Account>()
  /** Those with a step that cancelled out on an object, or on a count, that nobody knows. */
  const doubtful = new Set<Account>()
  const open = new Map<string, Claimed>()
  const seen = new Set<string>()
  const found: Violation[] = []

  const accountOf = ({ post }: Story): Account => listIn(accounts, `${post.uid} ${post.alert}`)

  const settle = (place: number, { changes, from, row, story, uid }: Claimed): void => {
    const account = accountOf(story)
    const add = (delta: number, written: number): void =>
      void account.push({ place, changes: [...newest(account), { uid, delta, place: written }] })
    const written = words.ours.get(row.claim?.mark ?? '')
    if (story.post.kind === 'firing') {
      const delta = (row.to ?? 0) - (row.from ?? 0)
      if (written !== undefined) return add(delta, written)
      // Without a write nothing says that somebody else's count is ours from then on.
      const times = new Set(from.map(at => (isOursAt(words, uid, at) ? lastWordAt(words, uid, at) : undefined)))
      const [time] = times
      if (times.size !== 1 && delta !== 0) doubtful.add(account)
      if (time !== undefined) add(delta, Math.max(...from))
      return
    }
    const [sum, ...others] = new Set(from.map(at => dueAt(words, changes, uid, at)))
    if (sum === undefined || others.length > 0) doubtful.add(account)
    const why = doubtful.has(account) ? undefined : wrong(timeline, story, row, sum ?? 0)
    if (why !== undefined) found.push({ promise: 'undo', why: `post ${story.post.id} to ${story.post.hook} ${why}` })
    add(-(sum ?? 0), Math.max(...from))
  }

  for (const [place, entry] of timeline.happened.entries()) {
    if (entry.what !== 'stored' || entry.resource !== 'receiverhookrecords' || entry.deleted) continue
    if (isPage(entry.object)) continue
    const hook = entry.object.metadata.ownerReferences?.[0]?.uid ?? ''
    const rows = rowsIn(entry.object['content'])
    const claims = new Set(rows.map(row => idOf(hook, row)))
    for (const [id, claimed] of open) {
      if (claimed.story.post.uid !== hook || claims.has(id)) continue
      open.delete(id)
      if (words.ours.has(claimed.row.claim?.mark ?? '')) settle(place, claimed)
    }
    for (const row of rows) {
      const story = stories.get(`${hook} ${row.key}`)
      if (!story || row.from === undefined || row.to === undefined || !takesBack(timeline, story)) continue
      const decided = `${hook} ${row.key} ${row.at}`
      const first = firsts.get(`${hook} ${row.key}`) ?? story
      const uid = row.claim?.uid ?? targetAt(timeline, story, place)
      const from = placesOf(timeline, first, row, uid, place)
      const claimed = { story, row, uid, changes: newest(accountOf(story)), from }
      if (row.claim) {
        const id = idOf(hook, row)
        if (!open.has(id)) open.set(id, claimed)
      } else if (!seen.has(decided)) {
        if (aimedAt(timeline, first, place) === undefined) doubtful.add(accountOf(story))
        settle(place, claimed)
      }
      seen.add(decided)
    }
  }
  const reported = timeline.stories.filter(story => takesBack(timeline, story) && !doubtful.has(accountOf(story)))
  return [...found, ...reported.flatMap(story => untrueNothing(timeline, words, accountOf(story), story))]
}

/** Names a claim. */
const idOf = (hook: string, { at, claim, key }: RecordRow): string => `${hook} ${key} ${at} ${claim?.mark}`

const newest = (account: Account): readonly Change[] => account.at(-1)?.changes ?? []

/** What there is to take back from an object as it was at a place: in which order steps become known says nothing. */
const dueAt = (words: Words, changes: readonly Change[], uid: string, place: number): number => {
  const since = lastWordAt(words, uid, place)
  return changes.reduce((sum, change) => (change.uid === uid && change.place > since ? sum + change.delta : sum), 0)
}

/**
 * The places of the versions of which a step may have been computed from one. Only a claim says which: without one it is
 * any since the first post of the delivery arrived, whichever of its posts was decided.
 */
const placesOf = (
  { targets }: Timeline,
  { arrived }: Story,
  { claim }: RecordRow,
  uid: string,
  place: number,
): readonly number[] => {
  const versions = [...targets.values()].flat().filter(version => version.uid === uid)
  if (claim) return versions.filter(({ version }) => String(version) === claim.version).map(({ place: at }) => at)
  return upTo(versions, currentAt(versions, arrived), place).map(({ place: at }) => at)
}

/** Nobody edits that of a hook that is there. What is taken back of leases is judged apart. */
const takesBack = ({ hooks }: Timeline, { post }: Story): boolean => {
  const version = hooks.get(post.hook)?.find(({ uid }) => uid === post.uid)
  return post.alert !== undefined && version !== undefined && onResolved(version) === 'undo' && forOf(version) === 0
}

/** The object that a hook was aimed at, where a step cancelled out and so was never claimed. */
const targetAt = ({ hooks, targets }: Timeline, { post }: Story, place: number): string => {
  const hook = upTo(hooks.get(post.hook) ?? [], 0, place).findLast(({ uid }) => uid === post.uid)
  return upTo((hook && targets.get(targetOf(hook))) ?? [], 0, place).at(-1)?.uid ?? ''
}

const wrong = (
  { hooks }: Timeline,
  { ended, post }: Story,
  { from = 0, to = 0 }: RecordRow,
  sum: number,
): string | undefined => {
  const ever = upTo(hooks.get(post.hook) ?? [], 0, ended)
  const isRight = (version: HookVersion): boolean =>
    version.uid === post.uid && sum !== 0 && takenBack(version, from, sum) === to
  return ever.some(isRight) ? undefined : `took the count from ${from} to ${to}, where its alert has changed ${sum}`
}

/**
 * An end that got "nothing to take back", although there was something all the time, at the object that is there; or that
 * somebody else has set the count, although nobody had.
 */
const untrueNothing = (timeline: Timeline, words: Words, account: Account, story: Story): readonly Violation[] => {
  const { answer, arrived, ended, post } = story
  if (answer === undefined || answer === 'no answer') return []
  const { reason } = answer.body
  if (reason !== 'NothingToUndo' && reason !== 'SetByOthers') return []
  const uid = aimedAt(timeline, story, ended)
  if (uid === undefined) return []
  const why = `post ${post.id} to ${post.hook} got ${reason}`
  if (answer.body.message.startsWith('the alerts have begun again')) {
    const isSo = timeline.stories.some(
      other =>
        other.post.uid === post.uid &&
        other.post.alert === post.alert &&
        other.post.kind === 'firing' &&
        (other.post.since ?? 0) > (post.since ?? 0) &&
        other.arrived < ended,
    )
    return isSo ? [] : [{ promise: 'undo', why: `${why}, and nobody has said before that its alert began again` }]
  }
  const changed = newest(account.slice(0, currentAt(account, ended) + 1)).filter(change => change.uid === uid)
  const isSet = changed.some(({ delta, place }) => delta !== 0 && lastWordAt(words, uid, ended) > place)
  if (reason === 'SetByOthers' && !isSet) return [{ promise: 'undo', why: `${why}, and nobody else has set the count` }]
  if (currentAt(account, arrived) === -1) return []
  const later = [...account.map(({ place }) => place), ...(words.others.get(uid) ?? [])]
  const places = [arrived, ...later.filter(place => place > arrived && place <= ended)]
  const sums = places.map(place => dueAt(words, account[currentAt(account, place)]?.changes ?? [], uid, place))
  return sums.includes(0) ? [] : [{ promise: 'undo', why: `${why}, with this to undo: ${sums.join(', ')}` }]
}

/** The object that a hook is aimed at from a post's arrival to a place; undefined where that may be none, or one of several. */
const aimedAt = (timeline: Timeline, story: Story, until: number): string | undefined => {
  const versions = mayGoBy(timeline, story, story.arrived, until).filter(({ uid }) => uid === story.post.uid)
  const [name, ...others] = new Set(versions.map(targetOf))
  if (name === undefined || others.length > 0) return undefined
  const objects = mayKnow(timeline, timeline.targets.get(name) ?? [], story.arrived, until)
  const [uid, ...remade] = new Set(objects.map(object => (object.deleted ? undefined : object.uid)))
  return remade.length > 0 ? undefined : uid
}

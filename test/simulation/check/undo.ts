import type { Violation } from '../happened.ts'
import { isPage, rowsIn, type RecordRow } from '../rows.ts'
import { hasForgotten, onResolved, takenBack, targetOf } from './model.ts'
import { currentAt, listIn, mayGoBy, mayKnow, upTo, type HookVersion, type Story, type Timeline } from './timeline.ts'

/** What the firings of one alert have changed at one hook, and nobody has taken back: by the object's uid, and nothing of 0. */
type Sums = ReadonlyMap<string, number>

/** One alert at one hook: the newest sums last. */
type Account = { readonly place: number; readonly sums: Sums }[]

/** A step that is claimed, or has cancelled out without having been claimed. */
interface Claimed {
  readonly story: Story
  readonly row: RecordRow
  /** The object that is to be changed. */
  readonly uid: string
  /** What there was to take back from it at that moment. */
  readonly sum: number
}

/**
 * The end of an alert takes back what its firings have really changed: exactly that, within the bounds, once. Which steps
 * there were the records show, and the API server which of their writes it has stored.
 */
export const checkUndo = (timeline: Timeline): readonly Violation[] => {
  // Where the API server has forgotten, steps may have been made that nobody knows of.
  if (hasForgotten(timeline)) return []
  const named = timeline.stories.map(story => [`${story.post.uid} ${story.post.key}`, story] as const)
  const [stories, firsts] = [new Map(named), new Map(named.toReversed())]
  const marks = new Set([...timeline.targets.values()].flatMap(versions => versions.flatMap(({ owners }) => owners)))
  const accounts = new Map<string, Account>()
  /** Those with a step that cancelled out on an object that nobody knows. */
  const doubtful = new Set<Account>()
  const open = new Map<string, Claimed>()
  const seen = new Set<string>()
  const found: Violation[] = []

  const accountOf = ({ post }: Story): Account => listIn(accounts, `${post.uid} ${post.alert}`)

  const settle = (place: number, { row, story, sum, uid }: Claimed): void => {
    const add = (change: number): void => {
      const account = accountOf(story)
      account.push({ place, sums: added(newest(account), uid, change) })
    }
    if (story.post.kind === 'firing') return add((row.to ?? 0) - (row.from ?? 0))
    const why = doubtful.has(accountOf(story)) ? undefined : wrong(timeline, story, row, sum)
    if (why !== undefined) found.push({ promise: 'undo', why: `post ${story.post.id} to ${story.post.hook} ${why}` })
    add(-sum)
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
      if (marks.has(claimed.row.claim?.mark ?? '')) settle(place, claimed)
    }
    for (const row of rows) {
      const story = stories.get(`${hook} ${row.key}`)
      if (!story || row.from === undefined || row.to === undefined || !takesBack(timeline, story)) continue
      const decided = `${hook} ${row.key} ${row.at}`
      const uid = row.claim?.uid ?? targetAt(timeline, story, place)
      const claimed = { story, row, uid, sum: newest(accountOf(story)).get(uid) ?? 0 }
      if (row.claim) {
        const id = idOf(hook, row)
        if (!open.has(id)) open.set(id, claimed)
      } else if (!seen.has(decided)) {
        const first = firsts.get(`${hook} ${row.key}`) ?? story
        if (aimedAt(timeline, first, place) === undefined) doubtful.add(accountOf(story))
        settle(place, claimed)
      }
      seen.add(decided)
    }
  }
  const told = timeline.stories.filter(story => !doubtful.has(accountOf(story)))
  return [...found, ...told.flatMap(story => untrueNothing(timeline, accountOf(story), story))]
}

/** Names a claim. */
const idOf = (hook: string, { at, claim, key }: RecordRow): string => `${hook} ${key} ${at} ${claim?.mark}`

const newest = (account: Account): Sums => account.at(-1)?.sums ?? new Map()

/** Adds up object by object: in which order steps become known says nothing. */
const added = (before: Sums, uid: string, change: number): Sums => {
  const sums = new Map(before)
  const sum = (before.get(uid) ?? 0) + change
  if (sum === 0) sums.delete(uid)
  else sums.set(uid, sum)
  return sums
}

/** Nobody edits that of a hook that is there. */
const takesBack = ({ hooks }: Timeline, { post }: Story): boolean => {
  const version = hooks.get(post.hook)?.find(({ uid }) => uid === post.uid)
  return post.alert !== undefined && version !== undefined && onResolved(version) === 'undo'
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

/** An end that got "nothing to take back", although there was something all the time, at the object that is there. */
const untrueNothing = (timeline: Timeline, account: Account, story: Story): readonly Violation[] => {
  const { answer, arrived, ended, post } = story
  if (answer === undefined || answer === 'no answer' || answer.body.reason !== 'NothingToUndo') return []
  const uid = aimedAt(timeline, story, ended)
  const since = currentAt(account, arrived)
  if (uid === undefined || since === -1) return []
  const sums = upTo(account, since, ended).map(entry => entry.sums.get(uid))
  if (sums.includes(undefined)) return []
  return [
    {
      promise: 'undo',
      why: `post ${post.id} to ${post.hook} was told that there is nothing to undo: ${sums.join(', ')}`,
    },
  ]
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

import { at, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { parseTime } from '../../../src/environment/time.ts'
import type { Violation } from '../happened.ts'
import { isPage, rowsIn, type RecordRow } from '../rows.ts'
import { deletedAt, mayEndWithHook, mustEndWithHook } from './deleted.ts'
import { clocksDifferMs, clocksJump } from './executed.ts'
import { forOf, hasForgotten, wasRefusing } from './model.ts'
import { mayGoBy, mayKnow, type HookVersion, type Story, type TargetVersion, type Timeline } from './timeline.ts'
import { isOursAt, lastWordAt, wordsOf, type Words } from './words.ts'

/** How late an end may be at the last look, when all is well, in milliseconds. */
const lateMs = 7000

/** A step that leases, or one that takes back, and where it was written. */
interface Move {
  readonly row: RecordRow & { readonly claim: NonNullable<RecordRow['claim']> }
  readonly uid: string
  /** Where its version is, and where it was written. */
  readonly from: number
  readonly place: number
  /** From when on its record had it claimed, and from when on no longer: until then, the record had it neither made nor not made. */
  readonly claimed: number
  settled: number
}

/** What one hook has leased of one count under one key: its alert group's, or a time. */
interface Account {
  readonly hook: string
  readonly uid: string
  readonly key: string
  readonly moves: Move[]
}

/** What of a history the leases are judged by. */
interface Leased {
  readonly timeline: Timeline
  readonly words: Words
  readonly accounts: readonly Account[]
  /** The parts of which a record says that bounds keep back their end. */
  readonly held: ReadonlySet<string>
  /** The parts whose end has reached a bound, which may keep back the rest. */
  readonly atBound: ReadonlySet<string>
  /** The parts whose end was given up while a policy refused counts: nobody can say whether it was made. */
  readonly givenUp: ReadonlySet<string>
}

/**
 * Promise 11: a lease ends once, by what was really leased, never before its time and not much after it; and what somebody
 * else has set since stands. Words and parts are found by the stored versions of targets, and by which of their writes
 * the records have claimed: what the records say of parts is not believed.
 */
export const checkLeases = (timeline: Timeline): readonly Violation[] => {
  // Where the API server has forgotten, steps may have been made that nobody knows of.
  if (hasForgotten(timeline) || ![...timeline.hooks.values()].flat().some(version => forOf(version) > 0)) return []
  const leased = leasedIn(timeline)
  return [
    ...leased.accounts.flatMap(account => account.moves.flatMap(move => wrongTake(leased, account, move))),
    ...leased.accounts.flatMap(account => account.moves.flatMap(move => wrongTerms(leased, move))),
    ...leased.accounts.flatMap(account => account.moves.flatMap(move => endedStopped(leased, move))),
    ...leased.accounts.flatMap(account => account.moves.flatMap(move => endedKept(leased, account, move))),
    ...timeline.stories.flatMap(story => wrongUntil(timeline, story)),
    ...timeline.stories.flatMap(story => endedEarly(leased, story)),
    ...leased.accounts.flatMap(account => notEnded(leased, account)),
  ]
}

const leasedIn = (timeline: Timeline): Leased => {
  const words = wordsOf(timeline)
  const all = [...timeline.targets.values()].flat()
  const placeOf = new Map(all.map(({ place, uid, version }) => [`${uid} ${version}`, place]))
  const accounts = new Map<string, Account>()
  const seen = new Set<string>()
  const held = new Set<string>()
  const atBound = new Set<string>()
  const givenUp = new Set<string>()
  /** The claims of ends, each with its part and where it was stored, by hook and key. */
  const ends = new Map<string, { readonly part: string; readonly claimed: number }>()
  const doubtful = new Set<string>()
  const open = new Map<string, Set<Move>>()
  const setAside = ({ key, of, uid }: Aside, hook: string, index: number): void => {
    const known = accounts.get(`${hook} ${of} ${uid}`)
    if (!known || accounts.has(`${hook} ${key} ${uid}`)) return
    const [before, after] = [known.moves.filter(m => m.place <= index), known.moves.filter(m => m.place > index)]
    accounts.set(`${hook} ${of} ${uid}`, { ...known, moves: after })
    accounts.set(`${hook} ${key} ${uid}`, { ...known, key, moves: before })
  }
  for (const [index, entry] of timeline.happened.entries()) {
    if (entry.what !== 'stored' || entry.resource !== 'receiverhookrecords' || entry.deleted) continue
    if (isPage(entry.object)) continue
    const hook = entry.object.metadata.ownerReferences?.[0]?.uid ?? ''
    const content = String(entry.object['content'])
    const claims = new Set(rowsIn(content).flatMap(({ claim }) => claim?.mark ?? []))
    const ofHook = open.get(hook) ?? new Set()
    open.set(hook, ofHook)
    for (const move of ofHook) {
      if (claims.has(move.row.claim.mark)) continue
      move.settled = index
      ofHook.delete(move)
    }
    for (const key of heldIn(content)) held.add(`${hook} ${key}`)
    for (const aside of asideIn(content)) setAside(aside, hook, index)
    for (const row of rowsIn(content)) {
      const { claim, key, from, to } = row
      const name = `${hook} ${key} ${row.at}`
      const end = ends.get(`${hook} ${key}`)
      if (end && row.state === 'unknown' && wasRefusing(timeline, end.claimed, index))
        givenUp.add(`${hook} ${end.part}`)
      if (row.ends !== undefined && !end) ends.set(`${hook} ${key}`, { part: row.ends, claimed: index })
      if (!claim) {
        // It cancelled out with others, and nothing says on which count.
        if (from !== undefined && from !== to && !seen.has(name)) doubtful.add(hook)
        continue
      }
      seen.add(name)
      if (row.ends !== undefined && boundsIn(content, row.ends).includes(to ?? Number.NaN))
        atBound.add(`${hook} ${row.ends}`)
      const place = words.ours.get(claim.mark)
      const part = row.ends ?? row.group
      if (place === undefined || part === undefined || seen.has(`${name} ${claim.mark}`)) continue
      seen.add(`${name} ${claim.mark}`)
      const account = `${hook} ${part} ${claim.uid}`
      const known = accounts.get(account) ?? { hook, uid: claim.uid, key: part, moves: [] }
      accounts.set(account, known)
      const version = placeOf.get(`${claim.uid} ${claim.version}`) ?? -1
      const move = { row: { ...row, claim }, uid: claim.uid, from: version, place, claimed: index, settled: Infinity }
      known.moves.push(move)
      ofHook.add(move)
    }
  }
  const leasing = new Set([...timeline.hooks.values()].flatMap(v => v.flatMap(h => (forOf(h) > 0 ? [h.uid] : []))))
  // What is leased of a target with an autoscaler is given up.
  const sure = [...accounts.values()].filter(
    ({ hook, uid }) => leasing.has(hook) && !doubtful.has(hook) && !hadAutoscaler(timeline, nameOf(timeline, uid)),
  )
  return { timeline, words, accounts: sure, held, atBound, givenUp }
}

const heldIn = (content: string): readonly string[] => {
  const parts: unknown = at(tryParseJson(content), 'parts')
  return Array.isArray(parts)
    ? parts.flatMap(part => (at(part, 'held') === true ? (stringAt(part, 'key') ?? []) : []))
    : []
}

/** The bounds of a part. */
const boundsIn = (content: string, key: string): readonly unknown[] => {
  const parts: unknown = at(tryParseJson(content), 'parts')
  const part: unknown = Array.isArray(parts) ? parts.find(each => at(each, 'key') === key) : undefined
  return [at(part, 'low'), at(part, 'high')]
}

/** A part that its record has given a name of its own, so that what its group leases from then on is another part. */
interface Aside {
  readonly key: string
  /** The key that it had before. */
  readonly of: string
  readonly uid: string
}

const asideIn = (content: string): readonly Aside[] => {
  const record = tryParseJson(content)
  const [objects, parts]: readonly unknown[] = [at(record, 'objects'), at(record, 'parts')]
  if (!Array.isArray(objects) || !Array.isArray(parts)) return []
  return parts.flatMap(part => {
    const [key = '', of] = /^~\d+ (.+)$/.exec(stringAt(part, 'key') ?? '') ?? []
    const object: unknown = at(part, 'object')
    const uid = typeof object === 'number' ? stringAt(objects[object], 'uid') : undefined
    return of === undefined || uid === undefined ? [] : [{ key, of, uid }]
  })
}

const changeOf = ({ row: { from = 0, to = 0 } }: Move): number => to - from

/** The moves of an account that count for a version of its object: none from before somebody else's word, or after it. */
const movesAt = ({ words }: Leased, { moves, uid }: Account, place: number): readonly Move[] => {
  const since = isOursAt(words, uid, place) ? lastWordAt(words, uid, place) : Infinity
  return moves.filter(move => move.place > since && move.place <= place)
}

/** The steps that lease since nothing was leased last: by the versions of the target, or by what the record knew of them. */
const stepsIn = (moves: readonly Move[], by: 'record' | 'target' = 'target'): readonly Move[] => {
  let [sum, steps]: [number, readonly Move[]] = [0, []]
  const inOrder = moves.toSorted((a, b) => a.place - b.place)
  for (const [index, move] of inOrder.entries()) {
    sum += changeOf(move)
    // Of a step that was claimed before the end was known to be made, the record adds the bounds to those of the steps before.
    const isUnknown = by === 'record' && inOrder.slice(index + 1).some(({ claimed }) => claimed < move.settled)
    steps = sum === 0 && !isUnknown ? [] : [...steps, move]
  }
  return steps.filter(({ row }) => row.leases)
}

const sumOf = (moves: readonly Move[]): number => moves.reduce((sum, move) => sum + changeOf(move), 0)

/** Where taking back leads from a count, by the bounds of the steps that leased. */
const backFrom = (count: number, sum: number, steps: readonly Move[]): number => {
  const low = Math.min(...steps.map(({ row }) => row.leases?.low ?? Infinity))
  const high = Math.max(...steps.map(({ row }) => row.leases?.high ?? -Infinity))
  if (sum > 0) return count <= low ? count : Math.max(count - sum, low)
  return count >= high ? count : Math.min(count - sum, high)
}

/** A step that takes back another number than is leased, at another time, or leads elsewhere. */
const wrongTake = (leased: Leased, account: Account, move: Move): readonly Violation[] => {
  const { at: endedAt, ends, from = 0, key, to = 0, undoes } = move.row
  if (undoes === undefined) return []
  const before = movesAt(leased, account, move.from).filter(other => other !== move)
  const due = sumOf(before)
  const found = (why: string): readonly Violation[] => [
    { promise: '11', why: `${key} takes ${account.key} from ${from} to ${to}, and ${why}` },
  ]
  if (due !== undoes) return found(`takes back ${undoes}, where ${due} is leased`)
  if (ends === undefined) return []
  const steps = stepsIn(before)
  const until = Math.max(...steps.map(({ row }) => row.leases?.until ?? 0))
  const isEarly = endedAt < until && !isEndedWithHook(leased, account, move)
  if (isEarly && !isEndedBefore(leased, account, steps, endedAt))
    return found(`comes ${until - endedAt} ms before its time`)
  const wanted = backFrom(from, due, steps)
  return [wanted, backFrom(from, due, stepsIn(before, 'record'))].includes(to) ? [] : found(`should lead to ${wanted}`)
}

/** An end that was folded although nothing was to be changed, and its process knew, or should have read it. */
const endedStopped = ({ timeline }: Leased, { row: { claim, ends, key } }: Move): readonly Violation[] => {
  const fold = timeline.folds.get(claim.mark)?.at(-1)
  if (ends === undefined || !fold) return []
  const mayEnd = mayKnow(timeline, timeline.keys, fold.place, fold.place).some(({ stop }) => stop?.all !== true)
  return mayEnd ? [] : [{ promise: '5', why: `${key} ends a lease, and all hooks and undos were stopped` }]
}

/** Where a step was decided last. */
const decidedAt = ({ timeline }: Leased, { place, row }: Move): number =>
  timeline.folds.get(row.claim.mark)?.at(-1)?.place ?? place

/** Whether a lease may have ended because its hook was deleted. */
const isEndedWithHook = (leased: Leased, { hook }: Account, move: Move): boolean =>
  mayEndWithHook(leased.timeline, hook) && deletedAt(leased.timeline, hook) < decidedAt(leased, move)

/** A lease that ended after its hook was deleted, although it was to stay then. */
const endedKept = (leased: Leased, { hook }: Account, move: Move): readonly Violation[] => {
  const { timeline } = leased
  if (move.row.ends === undefined || mayEndWithHook(timeline, hook)) return []
  const place = decidedAt(leased, move)
  const versions = [...timeline.hooks.values()].flatMap(all => (all.some(({ uid }) => uid === hook) ? [all] : []))
  const mayGo = versions.some(all =>
    mayKnow(timeline, all, place, place).some(({ deleted, uid }) => uid === hook && !deleted),
  )
  return mayGo ? [] : [{ promise: '11', why: `${move.row.key} ends a lease that a deleted hook was to keep` }]
}

/** How long a process may go by a version of a hook that has been replaced, in milliseconds. */
const mayGoByMs = 2000

/** Whether some `endBefore` of a hook lets all these steps end at a time. */
const isEndedBefore = (leased: Leased, { hook }: Account, steps: readonly Move[], endedAt: number): boolean => {
  const before = endBeforesOf(leased, hook)
  if (clocksJump(leased.timeline)) return before.length > 0
  const started = Math.max(...steps.flatMap(({ row }) => ((row.leases?.until ?? 0) > endedAt ? [row.at] : [])))
  return before.some(time => started < time + mayGoByMs + clocksDifferMs && time < endedAt + clocksDifferMs)
}

const endBeforesOf = ({ timeline }: Leased, hook: string): readonly number[] =>
  [...timeline.hooks.values()].flatMap(versions =>
    versions.flatMap(({ object, uid }) => {
      const time = uid === hook ? stringAt(object['spec'], 'endBefore') : undefined
      return time === undefined ? [] : [parseTime(time) ?? 0]
    }),
  )

/** Terms by which a step could not come back to where it began, or to what somebody else has last set. */
const wrongTerms = ({ timeline, words }: Leased, { from, row, uid }: Move): readonly Violation[] => {
  if (!row.leases) return []
  const { high, low } = row.leases
  const versions = [...timeline.targets.values()].flat().filter(version => version.uid === uid)
  const said = isOursAt(words, uid, from) ? lastWordAt(words, uid, from) : from
  const word = versions.find(({ place }) => place === said)?.count ?? row.from ?? 0
  const began = row.from ?? 0
  if (low <= Math.min(word, began) && high >= Math.max(word, began)) return []
  const why = `${row.key} began at ${began}, after ${word}, and may end between ${low} and ${high} alone`
  return [{ promise: '11', why }]
}

/** What was answered to a post about the end of its lease; undefined if nothing. */
const untilIn = ({ answer }: Story): number | undefined => {
  const until = answer === undefined || answer === 'no answer' ? undefined : answer.body.until
  return until === undefined ? undefined : parseTime(until)
}

const reasonIn = ({ answer }: Story): string | undefined =>
  answer === undefined || answer === 'no answer' ? undefined : answer.body.reason

/** What is decided about a report without a step, at the moment of its answer. */
const decidedNow: ReadonlySet<string | undefined> = new Set([
  'CoolingDown',
  'LimitReached',
  'WouldPassBound',
  'Duplicate',
])

/** An `until` that a report should have moved, and has not; or that a copy of an earlier report has moved. */
const wrongUntil = (timeline: Timeline, story: Story): readonly Violation[] => {
  const { endedAt, post, wall } = story
  const until = untilIn(story)
  const reason = reasonIn(story)
  if (until === undefined || post.kind !== 'firing' || post.alert === undefined || post.signed) return []
  const versions = mayGoBy(timeline, story, story.arrived, story.ended).filter(({ uid }) => uid === post.uid)
  const lengths = versions.map(forOf)
  const what = `post ${post.id} to ${post.hook} (${reason}) got the end ${until}`
  const least = wall + 0.9 * Math.min(...lengths) - 1000
  if (post.repeats && decidedNow.has(reason) && until < least && !versions.some(hasEnd)) {
    return [{ promise: '11', why: `${what}, and its report moves that to ${least} at least` }]
  }
  if (post.repeats || reason !== 'Duplicate' || clocksJump(timeline)) return []
  const counted = timeline.stories.filter(
    other =>
      other.post.uid === post.uid &&
      other.post.alert === post.alert &&
      other.arrived < story.ended &&
      other !== story &&
      (other.post.repeats || reasonIn(other) !== 'Duplicate'),
  )
  const longest = Math.max(0, ...(timeline.hooks.get(post.hook) ?? []).map(forOf))
  const latest = counted.map(other => other.wall + (Math.min(other.endedAt, endedAt) - other.arrivedAt))
  const most = Math.max(...latest) + longest + 2 * clocksDifferMs
  return until <= most ? [] : [{ promise: '11', why: `${what}, and no report before it lasts longer than ${most}` }]
}

const hasEnd = ({ object }: HookVersion): boolean => JSON.stringify(object['spec']).includes('endBefore')

/** The end of a lease that comes before the time that an answer said, though nothing of it was taken back meanwhile. */
const endedEarly = (leased: Leased, story: Story): readonly Violation[] => {
  const { ended, post } = story
  const until = untilIn(story)
  if (until === undefined || post.alert === undefined || endBeforesOf(leased, post.uid).length > 0) return []
  const keys = new Set(
    leased.timeline.stories.flatMap(other =>
      other.post.uid === post.uid && other.post.alert === post.alert ? (other.post.key ?? []) : [],
    ),
  )
  const own = leased.accounts.filter(
    ({ hook, moves }) => hook === post.uid && moves.some(({ row }) => row.ends === undefined && keys.has(row.key)),
  )
  const [account, ...others] = own
  if (!account || others.length > 0) return []
  const takes = account.moves.filter(({ row }) => row.undoes !== undefined).toSorted((a, b) => a.place - b.place)
  const next = takes.find(({ place }) => place > story.arrived)
  if (!next || next.row.ends === undefined || next.from < ended) return []
  if (isEndedWithHook(leased, account, next)) return []
  // A part that somebody else's word or an end had closed may have been reported before that was known: a clock that is
  // minutes ahead ends it early, and a copy is answered by what its process knows. What ends next is another part.
  const word = lastWordAt(leased.words, account.uid, next.from)
  const open = account.moves.filter(({ place }) => place > word && place <= ended)
  if (sumOf(open) === 0 || next.row.at >= until) return []
  const why = `${next.row.key} ends what was to last ${until - next.row.at} ms longer by the answer to post ${post.id}`
  return [{ promise: '11', why }]
}

/** What is leased at last, though its time is over. */
const notEnded = (leased: Leased, account: Account): readonly Violation[] => {
  const { timeline } = leased
  const place = timeline.happened.length - 1
  const object = newestOf(timeline, account.uid)
  const isAlive = [...timeline.hooks.values()].some(versions => {
    const last = versions.at(-1)
    return last?.uid === account.hook && !last.deleted
  })
  // A process ends by its own clock, and the others may still be waiting for a list that began in the time of faults.
  const name = `${account.hook} ${account.key}`
  const isToEnd = isAlive || mustEndWithHook(timeline, account.hook)
  // What bounds keep back is given up for a new hook of the name, and so is an end that may not be fenced off.
  if (isReplaced(timeline, account.hook) && (leased.atBound.has(name) || leased.givenUp.has(name))) return []
  if (clocksJump(timeline) || !isToEnd || !object || leased.held.has(name)) return []
  const moves = movesAt(leased, account, place)
  const sum = sumOf(moves)
  const steps = stepsIn(moves)
  const overAt = isAlive
    ? Math.max(lastReportAt(timeline, account), ...steps.map(({ row }) => row.leases?.until ?? 0))
    : wallAt(timeline, deletedAt(timeline, account.hook))
  if (sum === 0 || backFrom(object.version.count, sum, steps) === object.version.count) return []
  const wall = wallAt(timeline, place)
  if (wall - overAt < lateMs) return []
  const why = `${account.key} of ${account.hook} has leased ${sum} of ${object.name}, which was to end ${wall - overAt} ms ago`
  return [{ promise: '11', why }]
}

const isReplaced = ({ hooks }: Timeline, uid: string): boolean =>
  [...hooks.values()].some(versions => versions.some(each => each.uid === uid) && versions.at(-1)?.uid !== uid)

const newestOf = (
  { targets }: Timeline,
  uid: string,
): { readonly name: string; readonly version: TargetVersion } | undefined => {
  for (const [name, versions] of targets) {
    const version = versions.at(-1)
    if (version?.uid === uid && !version.deleted) return { name, version }
  }
  return undefined
}

/** The name of a target by its uid. */
const nameOf = ({ targets }: Timeline, uid: string): string =>
  [...targets].find(([, versions]) => versions.some(version => version.uid === uid))?.[0] ?? ''

/** Whether an autoscaler had a target at some time. */
const hadAutoscaler = ({ happened }: Timeline, target: string): boolean =>
  happened.some(entry => entry.what === 'world' && entry.did.startsWith(`an autoscaler on ${target}`))

/** Until when the last report of an account's alerts may make it last, by wall clocks. */
const lastReportAt = (timeline: Timeline, { hook, moves }: Account): number => {
  const keys = new Set(moves.map(({ row }) => row.key))
  const alerts = new Set(
    timeline.stories.flatMap(({ post }) =>
      post.uid === hook && post.key !== undefined && keys.has(post.key) ? (post.alert ?? []) : [],
    ),
  )
  const reports = timeline.stories.filter(
    ({ post }) => post.uid === hook && post.kind === 'firing' && post.alert !== undefined && alerts.has(post.alert),
  )
  const ends = reports.map(({ arrivedAt, endedAt, post, wall }) => {
    const longest = Math.max(0, ...(timeline.hooks.get(post.hook) ?? []).map(forOf))
    return wall + (endedAt - arrivedAt) + longest
  })
  return Math.max(0, ...ends)
}

/** The wall clock at a place, by that of the last post before it. */
const wallAt = ({ happened }: Timeline, place: number): number => {
  const post = happened.findLast(entry => entry.what === 'post')
  return post?.what === 'post' ? post.wall - post.at + (happened[place]?.at ?? 0) : 0
}

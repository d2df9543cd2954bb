import { at } from '../../../src/api/json.ts'
import type { Happened, Violation } from '../happened.ts'
import { rowsIn, type RecordRow } from '../rows.ts'
import { restartsAll } from '../world/going-back.ts'
import { leasePath } from '../world/paths.ts'
import { checkWithoutCounts } from './answers.ts'
import { checkKeys } from './keys.ts'
import { checkProofs } from './proofs.ts'
import { mayGoBy, type HookVersion, type Story, type Timeline } from './timeline.ts'

/** After the storage is set back, nothing goes by the lost state later than this, in milliseconds. */
const restoredWithinMs = 3_000

type SetBack = Extract<Happened, { what: 'set back' }> & { readonly place: number }

/** Where and when the storage was set back, if it was. */
export const setBackIn = (happened: readonly Happened[]): SetBack | undefined =>
  happened.flatMap((entry, place) => (entry.what === 'set back' ? [{ ...entry, place }] : []))[0]

/**
 * Whether anything goes by the lost state after the storage was set back: an answer to a post, or the outcome of a claim. What the
 * other checks look at is not modelled across that moment.
 */
export const checkRestored = (timeline: Timeline): readonly Violation[] => {
  const { happened, stories } = timeline
  const back = setBackIn(happened)
  if (!back) return []
  const late = stories.filter(
    ({ arrivedAt, post }) =>
      arrivedAt > seenFrom(happened, back) + restoredWithinMs && couldKnow(happened, back, post.process),
  )
  const knowing = aliveAt(happened, back).every(process => couldKnow(happened, back, process))
  const after = { ...timeline, stories: late }
  const untrue = [...checkWithoutCounts(after), ...checkKeys(after), ...checkProofs(after)]
  return [
    ...late.flatMap(story => ranByLost(timeline, story)),
    ...untrue.map(({ why }) => violation(why)),
    ...(knowing ? claimsOfLost(timeline, back) : []),
  ]
}

/** From when the Lease shows it: a snapshot from before it was made has none, and a leader has to make it first. */
const seenFrom = (happened: readonly Happened[], back: SetBack): number => {
  const reads = happened
    .slice(back.place)
    .flatMap(entry => (entry.what === 'request' && entry.asked === `GET ${leasePath}` ? [entry] : []))
    .filter(({ became }) => became === '200' || became === '404')
  // The first reads may have been answered before.
  const missing = reads.findIndex(({ became }) => became === '404')
  if (missing < 0) return back.at
  return reads.slice(missing).find(({ became }) => became === '200')?.at ?? Infinity
}

/** The processes beneath which the storage was set back. */
const aliveAt = (happened: readonly Happened[], { place }: SetBack): readonly string[] => {
  const alive = new Set<string>()
  for (const entry of happened.slice(0, place)) {
    if (entry.what === 'start') alive.add(entry.process)
    if (entry.what === 'crash' || entry.what === 'end') alive.delete(entry.process)
  }
  return [...alive]
}

/**
 * Whether a process could know that the storage was set back: it began after that, and a controller has marked the Lease, or it had
 * read the Lease since a leader has written that after the snapshot. One that began after all API servers were restarted need not know.
 */
const couldKnow = (happened: readonly Happened[], back: SetBack, process: string): boolean => {
  const over = happened.findIndex(entry => entry.what === 'world' && entry.did === restartsAll)
  if (over >= 0 && happened.slice(over).some(entry => entry.what === 'start' && entry.process === process)) return true
  const before = happened.slice(0, back.place)
  if (!before.some(entry => entry.what === 'start' && entry.process === process)) return isMarked(happened, back)
  const written = before.findIndex(
    entry =>
      entry.what === 'written' &&
      entry.at > back.snapshotAt &&
      entry.asked === `PUT ${leasePath}` &&
      entry.status === 200,
  )
  return before.some(
    (entry, place) =>
      written >= 0 &&
      // It was sent after the write if it was answered so long after.
      entry.at > (before[written]?.at ?? 0) + maxReadMs &&
      place > written &&
      entry.what === 'request' &&
      entry.process === process &&
      entry.asked === `GET ${leasePath}` &&
      entry.became === '200',
  )
}

/** A controller that lives so long after the restore has marked the Lease for processes that begin later, in milliseconds. */
const marksWithinMs = 3_000

const isMarked = (happened: readonly Happened[], back: SetBack): boolean =>
  aliveAt(happened, back).some(
    process =>
      process.startsWith('controller') &&
      couldKnow(happened, back, process) &&
      !happened.slice(back.place).some(
        entry =>
          (entry.what === 'crash' || entry.what === 'end') &&
          entry.process === process &&
          entry.at < back.at + marksWithinMs &&
          // It ends because it has seen it.
          !wentBack(happened, process),
      ),
  )

const wentBack = (happened: readonly Happened[], process: string): boolean =>
  happened.some(
    entry => entry.what === 'log' && entry.process === process && entry.message.startsWith('HistoryWentBack'),
  )

/** A read of the Lease gets its answer within this time, or none, in milliseconds. */
const maxReadMs = 5_000

const violation = (why: string): Violation => ({ promise: 'restore', why })

/** A step needs a version of its hook that the process may go by, and that is not suspended. */
const ranByLost = (timeline: Timeline, { answer, arrived, ended, post }: Story): readonly Violation[] => {
  if (answer === undefined || answer === 'no answer' || answer.body.outcome !== 'applied') return []
  const versions = mayGoBy(timeline, { post }, arrived, ended)
  const mayRun = (version: HookVersion): boolean =>
    version.uid === post.uid && !version.deleted && !isSuspended(version)
  if (versions.some(mayRun)) return []
  return [violation(`post ${post.id} to ${post.hook} was answered ${answer.status} by a hook of the lost state`)]
}

const isSuspended = ({ object }: HookVersion): boolean => at(object, 'spec', 'suspend') === true

/** A claim that became done although its write was made in the lost history alone, or that was given up although it was made. */
const claimsOfLost = ({ happened, targets }: Timeline, back: SetBack): readonly Violation[] => {
  const versions = [...targets.values()].flat()
  const isOfLost = (place: number): boolean => place < back.place && (happened[place]?.at ?? 0) > back.snapshotAt
  const wrote = (mark: string, lost: boolean): boolean =>
    versions.some(({ owners, place }) => owners.includes(mark) && isOfLost(place) === lost)
  const wroteSince = (mark: string): boolean =>
    versions.some(({ owners, place }) => owners.includes(mark) && place > back.place)
  const open = new Map<string, Map<string, RecordRow>>()
  const found: Violation[] = []
  for (const entry of happened.slice(back.place)) {
    if (entry.what !== 'stored' || entry.resource !== 'receiverhookrecords') continue
    const { name, uid } = entry.object.metadata
    const rows = rowsIn(entry.object['content'])
    const before = open.get(uid) ?? new Map<string, RecordRow>()
    for (const { at: decidedAt, claim, former, key, to } of rows) {
      const was = before.get(key)
      const mark = was?.claim?.mark
      // After its window a delivery counts again, and the new claim keeps the row of the step before it.
      const isReported = former !== undefined && former.at === was?.at
      const isLate = entry.at > back.at + restoredWithinMs
      if (mark !== undefined && claim !== undefined && claim.mark !== mark && wroteSince(mark) && !isReported && isLate)
        found.push(violation(`the record ${name} claims the step of ${mark} again, although that was made`))
      // One write may drop a claim and decide its delivery again, which then needs no write: that row has a time of its own.
      const isStep = claim === undefined && to !== undefined && decidedAt === was?.at
      if (!isStep || mark === undefined || !isLate) continue
      if (wrote(mark, true) && !wrote(mark, false))
        found.push(violation(`the record ${name} says that ${mark} was made, and it was in the lost history alone`))
    }
    open.set(uid, new Map(rows.flatMap(row => (row.claim ? [[row.key, row] as const] : []))))
  }
  return found
}

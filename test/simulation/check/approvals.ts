import type { StoredObject } from '../../../src/api/object.ts'
import { parseTime } from '../../../src/environment/time.ts'
import type { Violation } from '../happened.ts'
import { recentIn } from '../rows.ts'
import { wallClock } from '../simulation.ts'
import { decidesAllNote, freely, namesOfApprovals } from '../world/approvals.ts'
import {
  gatedVersions,
  needsApproval,
  recordedIn,
  recordIn,
  requestsIn,
  type GatedVersion,
  type Recorded,
  type Request,
  type RequestVersion,
  type Run,
} from './asked.ts'
import { clocksDifferMs, clocksJump } from './executed.ts'
import { stepOf, stoodStill } from './model.ts'
import { mayGoBy, mayKnow, type HookVersion, type Timeline } from './timeline.ts'

/** What a history is judged by. */
interface Asked extends Recorded {
  readonly requests: readonly Request[]
  readonly versions: readonly GatedVersion[]
}

/** How long an answer to a read may be on its way at most, in milliseconds; and to a process that stands still meanwhile. */
const answerMs = 10_100
const standsStillMs = 20_000

/** How many different effects of a request are shown at most. */
const maxAsked = 3

/** How long an approval takes to be carried out when all is well, in milliseconds. */
const runsWithinMs = 10_000

/**
 * Promise 14: what needs approval changes nothing before somebody other than who asks has approved the very effect that is written;
 * each request runs once or is closed, never both; and who is named has asked, or decided. What an approval is about is read from the
 * text that was shown, and from the versions of hook and object that were stored by then: its digest is only compared.
 */
export const checkApprovals = (timeline: Timeline): readonly Violation[] => {
  const names = namesOfApprovals.filter(name => timeline.hooks.has(name))
  if (names.length === 0) return []
  const asked = { requests: requestsIn(timeline), versions: gatedVersions(timeline), ...recordedIn(timeline, names) }
  const found = [
    ...asked.runs.flatMap(run => unapproved(timeline, asked, run)),
    ...unexplained(timeline, asked),
    ...runTwice(asked),
    ...asked.requests.flatMap(request => [...untrue(timeline, asked, request), ...turnedAway(timeline, request)]),
    ...shownTogether(asked),
    ...written(timeline),
    ...misnamed(timeline, asked),
    ...posted(timeline, asked),
    ...leftOpen(timeline, asked),
  ]
  return found.map(why => ({ promise: '14', why }))
}

const described = ({ claim, from, hook, key, to }: Run): string =>
  `${claim?.mark ?? 'a write that cancelled out'} took the count from ${from} to ${to} for ${key} of ${hook}`

/** What speaks against a step: its hook does not say so, or asks for an approval that nobody has given for this very step. */
const unapproved = (timeline: Timeline, asked: Asked, run: Run): readonly string[] => {
  const { folds, gated, hooks } = timeline
  const fold = (folds.get(run.claim?.mark ?? '') ?? []).findLast(({ place }) => place <= run.place)
  const folded = fold?.place ?? run.place
  const all = hooks.get(run.hook) ?? []
  const now = mayKnow(timeline, all, folded, run.place).filter(({ deleted, uid }) => uid === run.uid && !deleted)
  const saying = now.filter(version => stepOf(version, run.from) === run.to)
  if (saying.length === 0) return [`${described(run)}, and the hook did not say so`]
  const requests = asked.requests.filter(
    ({ key, spec, versions }) => key === run.key && spec.hook === run.hook && placeOf(versions) < run.place,
  )
  const mayAskNobody = saying.some(version => !needsApproval(version))
  const isPosted = gated.some(
    ({ arrived, post }) => post.key === run.key && post.uid === run.uid && arrived < run.place,
  )
  if (isPosted && mayAskNobody) return []
  if (requests.length === 0) return [`${described(run)}, and nobody has asked for that`]
  // What was shown before never runs without an approval.
  const process = fold?.process ?? ''
  const onItsWayMs = answerMs + (stoodStill(timeline, process) ? standsStillMs : 0)
  const isUnseen = requests.some(({ name, versions }) => {
    const read = readOf(timeline, name, process, folded) ?? folded
    return mayKnow(timeline, versions, read, read, onItsWayMs).some(({ status }) => !status)
  })
  if (mayAskNobody && isUnseen) return []
  const why = requests.map(request => notApproved(timeline, asked.versions, request, run, saying, process))
  return why.includes(undefined) ? [] : [`${described(run)}: ${why.join('; ')}`]
}

const placeOf = ([first]: readonly { readonly place: number }[]): number => first?.place ?? Infinity

/** Why a request allows no step. Undefined: somebody has approved this very step. */
const notApproved = (
  timeline: Timeline,
  objects: readonly GatedVersion[],
  request: Request,
  run: Run,
  saying: readonly HookVersion[],
  process: string,
): string | undefined => {
  const { name, spec, versions } = request
  const { claim, from, place, to } = run
  const { happened, hooks } = timeline
  const read = readOf(timeline, name, process, place)
  const whyNot = ({ place: decidedAt, spec: { decision } }: RequestVersion): string | undefined => {
    if (decision?.by === spec.by.user) return 'was approved by who made it'
    const index = versions.findIndex(({ status }) => status?.effect?.digest === decision?.effect)
    const { place: shownAt = Infinity, status } = versions[index] ?? {}
    // A trigger has looked since the version before, which it replaces.
    const shown = mayKnow(timeline, hooks.get(spec.hook) ?? [], versions[index - 1]?.place ?? 0, shownAt)
    const isSame = (version: HookVersion): boolean =>
      saying.some(({ object, uid }) => uid === version.uid && generationOf(object) === generationOf(version.object))
    if (!shown.some(isSame)) return 'was approved for another version of the hook'
    if (claim && !objects.some(object => object.uid === claim.object && object.place < shownAt))
      return 'was approved for another object'
    if (clocksJump(timeline)) return undefined
    const lateMs = (at: number): number => wallClock({ now: happened[at]?.at ?? 0 }) - parseTime(status?.until ?? '')
    if (lateMs(decidedAt) > clocksDifferMs) return 'was approved after its time'
    const isLate = read !== undefined && lateMs(read) > clocksDifferMs
    return isLate ? `was read ${lateMs(read)} ms after its time, and ran` : undefined
  }
  const approvals = versions.filter(
    ({ place: at, spec: { decision }, status }) =>
      at < place &&
      decision?.is === 'Approved' &&
      decision.effect === status?.effect?.digest &&
      status?.effect?.text.endsWith(` from ${from} to ${to}`),
  )
  const why = approvals.map(whyNot)
  if (why.includes(undefined)) return undefined
  return `the request ${name} ${why[0] ?? 'was not approved for that'}`
}

/** Where a process has last read a request: it goes by what that said, at its own time then. */
const readOf = ({ happened }: Timeline, name: string, process: string, before: number): number | undefined => {
  const place = happened.findLastIndex(
    (entry, at) =>
      at < before &&
      entry.what === 'request' &&
      entry.process === process &&
      entry.asked.startsWith('GET ') &&
      entry.asked.endsWith(`/receiverhookrequests/${name}`) &&
      entry.became === '200',
  )
  return place < 0 ? undefined : place
}

const generationOf = ({ metadata }: StoredObject): unknown => metadata.generation

/**
 * The writes whose steps do not lead from the count before to the count after. Posts without a name may have gone up between, to the hook
 * that asks nobody. Writes with posts to the others are left out, from when those asked nobody for a while.
 */
const unexplained = (timeline: Timeline, { runs, versions }: Asked): readonly string[] =>
  versions.flatMap((version, index) => {
    const before = versions[index - 1]
    if (version.mark === undefined || !before) return []
    const unnamed = timeline.gated.filter(
      story =>
        story.post.key === undefined &&
        story.arrived < version.place &&
        mayGoBy(timeline, story, story.arrived, version.place).some(hook => !needsApproval(hook)),
    )
    if (unnamed.some(({ post }) => post.hook !== freely)) return []
    const own = runs.filter(({ claim }) => claim?.mark === version.mark)
    const isUp = own.some(({ from, to }) => to > from)
    const steps = own.toSorted((a, b) => (isUp ? a.from - b.from : b.from - a.from))
    const ends = [...steps.map(({ from }) => from), version.count]
    const gaps = ends.map((end, place) => end - (steps[place - 1]?.to ?? before.count))
    const isSo = gaps.every(gap => gap === 0 || (gap > 0 && unnamed.length > 0))
    return isSo ? [] : [`${version.mark} took the count from ${before.count} to ${version.count}, and its steps do not`]
  })

/** The requests that have run twice, or have run and are closed. */
const runTwice = ({ requests, runs, skips }: Asked): readonly string[] => {
  const keys = new Set(requests.map(({ key }) => key))
  const seen = new Set<string>()
  return runs.flatMap(run => {
    const name = `${run.uid} ${run.key}`
    if (!keys.has(run.key)) return []
    const skipped = skips.get(name)
    if (skipped) return [`${described(run)}, and the record says ${skipped.reason}`]
    const isSecond = seen.has(name)
    seen.add(name)
    return isSecond ? [`${described(run)}, after an earlier run`] : []
  })
}

/** The reasons with which a request is closed in the record. */
const closing: ReadonlySet<string> = new Set(['Denied', 'NotApproved', 'EffectChanged'])

/** What says itself that the request may have run. */
const unsure: ReadonlySet<string> = new Set(['RequestTooOld', 'RequestedHookGone', 'OutcomeUnknown', 'HookDeleted'])

/** What a request says that is not so: its answer, or how often it was shown. */
const untrue = (timeline: Timeline, { runs, skips }: Asked, request: Request): readonly string[] => {
  const { isAlone, key, name, spec, versions } = request
  const own = runs.filter(run => run.key === key && run.hook === spec.hook)
  const uids = new Set((timeline.hooks.get(spec.hook) ?? []).map(({ uid }) => uid))
  const answers = versions.flatMap(({ place, status }, index) => {
    const isAgain = versions[index - 1]?.status?.state === 'Done'
    const no = (why: string): readonly string[] => [`the request ${name} ${why}`]
    if (status?.state !== 'Done') return isAgain ? no('was Done, and is so no more') : []
    if ((status.effect?.asked ?? 0) > maxAsked) return no('was shown too often')
    const { from, outcome, reason = '', to } = status.answer ?? {}
    const says = `says ${outcome ?? 'nothing'} ${reason}`
    if (spec.dryRun) return []
    if (outcome === 'applied') {
      const isSo = own.some(run => run.from === from && run.to === to && run.stored < place)
      return isSo ? [] : no(`${says} from ${from} to ${to}, and that is not stored`)
    }
    if (closing.has(reason)) {
      const isStored = [...uids].some(uid => (skips.get(`${uid} ${key}`)?.place ?? Infinity) < place)
      return isStored ? [] : no(`${says}, and the record does not`)
    }
    const isLast = index === versions.findLastIndex(version => !version.deleted)
    const mayHaveRun = !isAlone || unsure.has(reason) || !isLast
    return own.length === 0 || mayHaveRun ? [] : no(`${says}, and ${own.map(described).join()}`)
  })
  return answers
}

/** The approvals that were given when all was well, and not carried out. */
const turnedAway = (timeline: Timeline, { name, versions }: Request): readonly string[] => {
  const { happened } = timeline
  const healed = happened.findIndex(entry => entry.what === 'world' && entry.did === decidesAllNote)
  const atOf = (place: number): number => happened[place]?.at ?? 0
  const approved = versions.findIndex(
    ({ place, spec }) => place > healed && healed >= 0 && spec.decision?.is === 'Approved',
  )
  const over = versions.find(({ status }) => status?.answer?.reason === 'NotApproved')
  const decided = versions[approved]
  if (!decided || !over || clocksJump(timeline) || decided.spec.decision?.effect !== over.status?.effect?.digest)
    return []
  const waited = atOf(over.place) - atOf(decided.place)
  return waited > runsWithinMs
    ? [`the request ${name} was approved when all was well, and not run for ${waited} ms`]
    : []
}

/** The requests of one hook that are shown at the same time. Of those made in one second, two triggers may each take another for the first. */
const shownTogether = ({ requests }: Asked): readonly string[] => {
  const moments = requests
    .flatMap(request => request.versions.map(version => ({ request, version })))
    .toSorted((a, b) => a.version.place - b.version.place)
  const shown = new Map<string, Request>()
  return moments.flatMap(({ request, version: { deleted, status } }) => {
    if (deleted || status?.state !== 'Awaiting') {
      shown.delete(request.uid)
      return []
    }
    const isNew = !shown.has(request.uid)
    shown.set(request.uid, request)
    const other = [...shown.values()].find(
      ({ createdAt, spec, uid }) =>
        uid !== request.uid && spec.hook === request.spec.hook && createdAt !== request.createdAt,
    )
    return isNew && other ? [`${request.name} is shown while ${other.name} is`] : []
  })
}

/** What the product writes of a request besides its status. */
const written = ({ happened }: Timeline): readonly string[] =>
  happened.flatMap(entry =>
    entry.what === 'written' && /^P.*\/receiverhookrequests\/[^/]+$/.test(entry.asked)
      ? [`${entry.process} asked for ${entry.asked}`]
      : [],
  )

/** What a record says of who has asked and decided, and is not so. */
const misnamed = ({ happened }: Timeline, { requests, runs }: Asked): readonly string[] => {
  const said = new Set<string>()
  return happened.flatMap(entry => {
    const deliveries = recentIn(recordIn(entry)?.['content']).filter(({ sender }) => sender === 'kubernetes')
    return deliveries.flatMap(({ at, by, from, outcome, to }) => {
      const text = JSON.stringify([at, by, from, outcome, to])
      if (said.has(text)) return []
      said.add(text)
      const isBy = ({ spec, versions }: Request): boolean =>
        spec.by?.user === by?.user &&
        (by?.decidedBy === undefined || versions.some(version => version.spec.decision?.by === by.decidedBy))
      const isOf = ({ key }: Request): boolean =>
        outcome !== 'applied' || runs.some(run => run.key === key && run.from === from && run.to === to)
      return requests.some(request => isBy(request) && isOf(request)) ? [] : [`the record says ${text}`]
    })
  })
}

/** The posts to the URL of a hook with approval that have changed something. A copy may finish what was approved meanwhile. */
const posted = (timeline: Timeline, { runs }: Asked): readonly string[] =>
  timeline.gated.flatMap(story => {
    const { answer, arrived, ended, post } = story
    if (answer === undefined || answer === 'no answer' || answer.body.outcome !== 'applied') return []
    const { from, to } = answer.body
    const isRun = runs.some(run => run.key === post.key && run.from === from && run.to === to && run.stored < ended)
    const mayChange = isRun || mayGoBy(timeline, story, arrived, ended).some(version => !needsApproval(version))
    return mayChange ? [] : [`post ${post.id} to ${post.hook} was answered ${answer.body.reason}`]
  })

/** What still waits for the approval of a post about an alert, once the end of that alert was taken. */
const leftOpen = (timeline: Timeline, { requests, runs, skips }: Asked): readonly string[] =>
  timeline.gated.flatMap(({ answer, arrived, ended, post }) => {
    if (post.kind !== 'resolved' || answer === undefined || answer === 'no answer' || answer.status !== 200) return []
    const open = requests.filter(({ alert, key, spec, versions }) => {
      if (alert !== post.alert || spec.hook !== post.hook || placeOf(versions) > arrived) return false
      const hooks = mayKnow(timeline, timeline.hooks.get(post.hook) ?? [], placeOf(versions), ended)
      const isOne = hooks.every(version => version.uid === post.uid && needsApproval(version))
      const isGone = versions.some(
        ({ deleted, place, status }) => place < ended && (deleted || status?.state === 'Done'),
      )
      const isOver =
        (skips.get(`${post.uid} ${key}`)?.place ?? Infinity) < ended ||
        runs.some(run => run.uid === post.uid && run.key === key && run.stored < ended)
      return isOne && !isGone && !isOver
    })
    return open.map(({ name }) => `post ${post.id} ended the alert of ${name}, which is not closed`)
  })

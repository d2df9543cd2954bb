import type { Violation } from '../happened.ts'
import { restartHook, throughWith } from '../world/workload.ts'
import { clocksDifferMs, clocksJump } from './executed.ts'
import { isOn } from './model.ts'
import { mayRunAt } from './stops.ts'
import { currentAt, mayGoBy, upTo, type Story, type Timeline, type WorkloadVersion } from './timeline.ts'

/**
 * Acts on a workload. A push is rolled out at most once, and never over a later one; an answer that says so is given once it is
 * stored, and that it is complete if it was; no restart is made on top of a rollout; none of it by a hook that is suspended; and the
 * last push runs in the end.
 */
export const checkRollouts = (timeline: Timeline): readonly Violation[] => {
  const { acts, workload } = timeline
  if (workload.length === 0) return []
  return [
    ...twice(workload),
    ...workload.flatMap((version, index) => wrongWrite(timeline, version, workload[index - 1])),
    ...acts.flatMap(story => untrue(timeline, story)),
    ...lastPush(timeline),
  ]
}

/** A push that people took back may be rolled out again: see {@link import('../world/workload.ts').rollBack}. */
const twice = (workload: readonly WorkloadVersion[]): readonly Violation[] => {
  const ran = new Map<string, string>()
  return workload.flatMap((version, index) => {
    const before = workload[index - 1]
    if (!before) return []
    if (version.by === undefined) {
      if (version.push !== before.push) ran.delete(`push ${before.push}`)
      if (version.restarted !== before.restarted) ran.delete(`restart ${before.restarted}`)
      return []
    }
    const did = [
      ...(version.push === before.push ? [] : [`push ${version.push}`]),
      ...(version.restarted === before.restarted ? [] : [`restart ${version.restarted}`]),
    ]
    if (did.length === 0 && version.template !== before.template) {
      return [{ promise: 'rollouts', why: `${version.by} rolled push ${version.push} out once more` }]
    }
    return did.flatMap(what => {
      const first = ran.get(what)
      ran.set(what, version.by ?? '')
      return first === undefined
        ? []
        : [{ promise: 'rollouts', why: `${what} was rolled out by ${first}, and again by ${version.by}` }]
    })
  })
}

const wrongWrite = (
  { happened }: Timeline,
  version: WorkloadVersion,
  before: WorkloadVersion | undefined,
): readonly Violation[] => {
  if (!before || version.by === undefined) return []
  const broken = (why: string): readonly Violation[] => [
    { promise: 'rollouts', why: `${version.by} wrote version ${version.version}: ${why}` },
  ]
  if (version.push < before.push) return broken(`push ${version.push} over push ${before.push}`)
  if (version.replicas !== before.replicas) return broken('it changed the count')
  if (version.restarted === before.restarted) return []
  const isThrough = happened
    .slice(0, version.place)
    .some(entry => entry.what === 'world' && entry.did === throughWith(before.template))
  return isThrough ? [] : broken('it restarted on top of a rollout')
}

/** What may be answered, and what has to be so for it. */
const untrue = (timeline: Timeline, story: Story): readonly Violation[] => {
  const { answer, arrived, ended, post } = story
  const broken = (promise: string, why: string): readonly Violation[] => [
    { promise, why: `post ${post.id} (${post.delivery}) to ${post.hook} ${why}` },
  ]
  if (answer === undefined || answer === 'no answer') {
    return post.healed && answer !== undefined ? broken('liveness', 'got no answer, when all was well') : []
  }
  const { outcome, reason } = answer.body
  if (post.healed && answer.status !== 200) return broken('liveness', `got ${reason}, when all was well`)
  const push = Number(/^push (\d+)$/.exec(post.delivery)?.[1])
  if (answer.body.state === 'complete' && !wasThrough(timeline, story)) {
    return broken('rollouts', 'was answered that its rollout is complete, which it never was meanwhile')
  }
  if (outcome !== 'applied') return []
  const isOpen = mayGoBy(timeline, story, arrived, ended).some(version => isOn(version, post.uid))
  if (!isOpen) return broken('5', 'ran, and its hook was suspended')
  if (!mayRunAt(timeline, story, [], arrived, ended)) return broken('5', 'ran, and all hooks were stopped')
  const isStored = timeline.workload.some(version => version.place < ended && version.push === push)
  return isStored || Number.isNaN(push) ? [] : broken('3', 'was answered that it is rolled out, and it is not stored')
}

/**
 * Whether the push or the restart of a post ran, with all of its pods, by the end of the post: as one of the versions from its
 * arrival to its answer, or as one right before that had the same template. An edit that starts no pods takes nothing back.
 */
export const wasThrough = ({ happened, workload }: Timeline, { arrived, ended, post }: Story): boolean =>
  upTo(workload, currentAt(workload, arrived), ended).some(
    (version, _, [before]) =>
      (post.hook === restartHook
        ? version.restarted !== before?.restarted
        : `push ${version.push}` === post.delivery) &&
      happened
        .slice(runsSince(workload, version).place, ended)
        .some(entry => entry.what === 'world' && entry.did === throughWith(version.template)),
  )

/** The first of the versions up to this one that all have its template. */
const runsSince = (workload: readonly WorkloadVersion[], version: WorkloadVersion): WorkloadVersion => {
  const place = workload.indexOf(version)
  const before = workload.findLastIndex(({ template }, index) => index < place && template !== version.template)
  return workload[before + 1] ?? version
}

/**
 * When all is well, one more push is posted, and after that nobody else changes anything. The time of a push that names none is when
 * it was decided: by clocks that jump or that differ, a later one can look older.
 */
const lastPush = (timeline: Timeline): readonly Violation[] => {
  const { acts, happened, workload } = timeline
  if (clocksJump(timeline)) return []
  const last = acts.find(({ post }) => post.healed)
  const present = workload[currentAt(workload, Infinity)]
  if (!last || !present || `push ${present.push}` === last.post.delivery) return []
  const since = workload[workload.findLastIndex(({ push }) => push !== present.push) + 1] ?? present
  const runsSinceMs = last.arrivedAt - (happened[since.place]?.at ?? 0)
  if (runsSinceMs < clocksDifferMs) return []
  return [{ promise: 'rollouts', why: `push ${present.push} runs in the end, and not ${last.post.delivery}` }]
}

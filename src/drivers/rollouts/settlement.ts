import { at, stringAt } from '../../api/json.ts'
import { parseImage } from '../../api/image.ts'
import type { StoredObject } from '../../api/object.ts'
import { settlementStates, type DecidedChange, type Settlement, type SettlementState } from '../../api/settlement.ts'
import { idIn, runsAs } from './evidence.ts'
import { containersIn, type Workloads } from './kinds.ts'
import { annotationPrefix, knownPushes, restarted, workloadName } from './plan.ts'
import type { PodsNow } from './pods.ts'
import { progressOf, type Manual, type RolloutProgress } from './state.ts'

/** The part of a workload, as it is now, that {@link settlementOf} needs. */
export interface LookedAt {
  readonly name: string
  readonly progress: RolloutProgress
  readonly parts: readonly Part[]
  /** What the workload's pods show. Undefined if the rollout is complete, or if the pods cannot be read. */
  readonly pods?: PodsNow | undefined
}

/**
 * What one annotation of a workload says. A workload has one for each container that pushes have
 * changed, and one for restarts.
 */
interface Part {
  /** The time of the newest change's cause, in milliseconds since the epoch. */
  readonly at: number
  /** The ids of the newest changes, the newest first. */
  readonly ids: readonly string[]
  /** Returns whether the workload still runs what a mark says. */
  readonly runs: (mark: string) => boolean
}

/** Returns the part of a workload that {@link settlementOf} needs. */
export const lookedAt = (object: StoredObject, workloads: Workloads, pods?: PodsNow): LookedAt => {
  const images = new Map(containersIn(object, workloads).map(({ image, name }) => [name, parseImage(image)]))
  const names = Object.keys(object.metadata.annotations ?? {}).filter(name => name.startsWith(annotationPrefix))
  const podNotes = at(object, ...workloads.template, 'metadata', 'annotations')
  return {
    name: workloadName(object, workloads),
    progress: progressOf(object, workloads),
    pods,
    parts: names.map(annotation => {
      const name = annotation.slice(annotationPrefix.length)
      const runs = (mark: string): boolean => {
        if (name === restarted) return stringAt(podNotes, annotation) === idIn(mark)
        const image = images.get(name)
        return image !== undefined && runsAs(mark, image)
      }
      return { ...knownPushes(object, name), runs }
    }),
  }
}

/**
 * Returns the outcome of one change at `now`, from the present workloads. A change leaves its id in
 * an annotation of each workload:
 *
 * 1. The id is the newest of a container, which runs what the change wrote. Then the rollout of the
 *    workload decides.
 * 2. The id is the newest, but something else runs. Then somebody has replaced the change.
 * 3. Another id is newer. Then the change is superseded, even if the same image runs again.
 * 4. The id is on fewer workloads than before, and they have no later change. Then somebody has
 *    replaced the change, because a rollback restores the annotations too.
 *
 * Generations are not compared, because a changed count raises them too. ReplicaSets are not
 * compared, because two pushes of one image share one.
 */
export const settlementOf = (change: DecidedChange, workloads: readonly LookedAt[], now: number): Settlement => {
  const found = workloads.map(workload => ({ workload, ...placeOf(change, workload) }))
  const known = found.flatMap(({ place, workload }) => (place === 'none' ? [] : [{ place, workload }]))
  const later = found.filter(({ isLater, place }) => place === 'none' && isLater)
  const missing = Math.max(0, change.n - known.length)
  const lost = Math.max(0, missing - later.length)
  const ours = known.flatMap(({ place, workload }) => (place === 'ours' ? [workload] : []))
  const states: readonly Standing[] = [
    ...known.map(({ place, workload }): Standing =>
      place === 'ours' ? rolloutStanding(workload, change.at, now) : changedStanding(place, workload.name),
    ),
    ...later.slice(0, missing).map(({ workload }) => changedStanding('superseded', workload.name)),
    ...(lost > 0 ? [{ state: 'replaced', message: lostMessage(lost, change.n) } as const] : []),
  ]
  const counted = ours.flatMap(({ progress }) => (progress.state === 'manual' ? [] : [progress]))
  const worst = settlementStates.find(state => states.some(each => each.state === state)) ?? 'replaced'
  const [first, ...others] = states.filter(({ state }) => state === worst)
  const more = others.length === 0 ? '' : `; the same goes for ${others.length} more`
  return {
    state: worst,
    message: `${first?.message ?? lostMessage(change.n, change.n)}${more}`,
    ...(first?.causes && first.causes.length > 0 && { causes: first.causes }),
    ...(counted.length > 0 && { ready: sum(counted.map(({ ready }) => ready)), of: sum(counted.map(({ of }) => of)) }),
  }
}

interface Standing {
  readonly state: SettlementState
  readonly message: string
  readonly causes?: readonly string[]
}

type Place = 'ours' | 'replaced' | 'superseded' | 'none'

/**
 * Finds what a workload shows of a change: of its containers, the worst counts. `isLater`: it also
 * has a later change.
 */
const placeOf = (
  { at: decidedAt, did }: DecidedChange,
  { parts }: LookedAt,
): { readonly place: Place; readonly isLater: boolean } => {
  const places = parts.flatMap(({ ids, runs }): Exclude<Place, 'none'>[] => {
    const own = did.filter(mark => ids.includes(idIn(mark)))
    if (own.length === 0) return []
    const first = own.find(mark => idIn(mark) === ids[0])
    return [first === undefined ? 'superseded' : runs(first) ? 'ours' : 'replaced']
  })
  const place = (['replaced', 'superseded', 'ours'] as const).find(each => places.includes(each)) ?? 'none'
  return { place, isLater: parts.some(part => part.at > decidedAt) }
}

const changedStanding = (state: 'replaced' | 'superseded', name: string): Standing => ({
  state,
  message:
    state === 'superseded'
      ? `a later push or restart has replaced it in ${name}`
      : `someone else has since changed what runs in ${name}`,
})

const lostMessage = (lost: number, of: number): string =>
  `${of === 1 ? 'the workload no longer has' : `${lost} of ${of} workloads no longer have`} this change: someone rolled it back, deleted the workload, or pointed the hook elsewhere`

const whatFollows: Readonly<Record<Manual, string>> = {
  schedule: 'its next Job runs the change',
  OnDelete: 'they follow when someone deletes the old ones',
  partition: 'they follow when someone lowers its partition, which keeps every pod',
}

/** Returns the state of the rollout of a workload that still has the change. */
const rolloutStanding = ({ name, pods: seen, progress }: LookedAt, decidedAt: number, now: number): Standing => {
  const { deadlineMs, failure, hasDeadline, isDeadlineExceeded, manual = 'OnDelete', of, ready, state } = progress
  const pods = `${ready} of ${of} new pods are available`
  switch (state) {
    case 'manual':
      return { state: 'stored', message: `${name} starts no pods by itself: ${whatFollows[manual]}` }
    case 'paused':
      return { state: 'stalled', message: `the rollout of ${name} is paused: resume it with kubectl rollout resume` }
    case 'complete':
      return { state: 'complete', message: of === 0 ? `${name} wants no pods, so nothing ran` : `${name}: ${pods}` }
    case 'running': {
      const causes = [...(failure === undefined ? [] : [failure]), ...(seen?.causes ?? [])]
      const why = causes.length === 0 ? '' : ` (${causes.join(', ')})`
      // For a moment, the condition may still be of the previous rollout. So it counts only after
      // this rollout has had the whole deadline.
      if (isDeadlineExceeded && now - decidedAt >= deadlineMs) {
        const message = `the rollout of ${name} is stuck: ${pods} after ${deadlineMs / 1000} s (progressDeadlineSeconds)${why}`
        return { state: 'stalled', message, causes }
      }
      const isStuck = (since: number): boolean => now - since >= deadlineMs && now - decidedAt >= deadlineMs
      if (!hasDeadline && seen?.unreadySince !== undefined && isStuck(seen.unreadySince)) {
        const message = `the rollout of ${name} is stuck: ${pods}, and one is not ready after ${deadlineMs / 1000} s${why}`
        return { state: 'stalled', message, causes }
      }
      return { state: 'progressing', message: `${name}: ${pods}${why}`, causes }
    }
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

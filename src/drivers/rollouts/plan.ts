import type { Act } from '../../acts/acts.ts'
import type { Change } from '../../api/outcome.ts'
import { isObject, at as memberAt, nested } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { markOfRestart, type Mark } from './evidence.ts'
import { containerLists, type Workloads } from './kinds.ts'
import { neededFields } from './rollback.ts'
import { neededState, rolloutState, type RolloutState } from './state.ts'

/** One operation of a JSON Patch (RFC 6902). */
export interface Operation {
  readonly op: 'add' | 'replace' | 'test'
  /** A JSON Pointer. */
  readonly path: string
  readonly value: unknown
}

/** The change of a workload, computed for the version of it that was read. */
export interface RolloutPlan {
  /** Empty if nothing must be written. */
  readonly patch: readonly Operation[]
  readonly changes: readonly Change[]
  /**
   * Why matching containers are not changed, or why the workload is not restarted. Empty if nothing
   * matches, or if all is changed.
   */
  readonly left: ReadonlySet<Left>
  /** The delivery's marks on the workload, once the patch is stored. */
  readonly marks: ReadonlySet<Mark>
  /** How many pods are available, in words, if the workload waits for nothing else. */
  readonly pods?: string | undefined
}

/**
 * Why a container or a workload is left as it is. done before: it has this very push or restart. up to
 * date: it runs the same. superseded: it has a later one. rolled back: somebody has undone the push, or a later one. never
 * pulled: it runs the pushed tag already, and its pull policy is Never. not approved: the hook asks for approval, and
 * somebody has changed the workload since. running, paused, manual:
 * see {@link RolloutState}.
 */
export type Left =
  | 'done before'
  | 'up to date'
  | 'superseded'
  | 'rolled back'
  | 'never pulled'
  | 'not approved'
  | Exclude<RolloutState, 'complete'>

/** The prefix of the annotations that rollouts write, on a workload and on its pod template. */
export const annotationPrefix = 'pushed.receiverhooks.dev/'

/**
 * The name of a restart's annotation, after the prefix. It cannot be the name of a container,
 * because that contains no dot.
 */
export const restarted = 'restarted.at'

/** The maximum number of ids of pushes in an annotation, the newest included. */
const maxPushes = 5
/**
 * The maximum number of ids of restarts in an annotation, the newest included. A push is superseded by a newer one,
 * also if its own id is forgotten. A restart without its id would be made again.
 */
const maxRestarts = 20

/**
 * Returns the part of a workload that plans and writes need. Some workloads are large, and many are
 * planned at once.
 */
export const neededOf = (object: StoredObject, workloads: Workloads): StoredObject => {
  const { template } = workloads
  const { annotations, generation, name, namespace, resourceVersion, uid } = object.metadata
  const pods = memberAt(object, ...template)
  const podsNotes = memberAt(pods, 'metadata', 'annotations')
  const needed = {
    ...(isObject(memberAt(pods, 'metadata')) && {
      metadata: isObject(podsNotes) ? { annotations: ownNotes(podsNotes) } : {},
    }),
    spec: Object.fromEntries(
      containerLists.map(member => {
        const list = memberAt(pods, 'spec', member)
        return [member, Array.isArray(list) ? list.map(neededOfContainer) : undefined]
      }),
    ),
  }
  return {
    metadata: {
      name,
      uid,
      resourceVersion,
      ...(namespace !== undefined && { namespace }),
      ...(generation !== undefined && { generation }),
      ...(annotations && { annotations: ownNotes(annotations) }),
      managedFields: neededFields(object, workloads, isOwnNote),
    },
    ...neededState(object, nested(template, needed)),
  }
}

const neededOfContainer = (container: unknown): unknown => ({
  name: memberAt(container, 'name'),
  image: memberAt(container, 'image'),
  imagePullPolicy: memberAt(container, 'imagePullPolicy'),
})

/** Returns the annotations that rollouts write. */
const ownNotes = (annotations: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).filter(
      (note): note is [string, string] => isOwnNote(note[0]) && typeof note[1] === 'string',
    ),
  )

const isOwnNote = (annotation: string): boolean => annotation.startsWith(annotationPrefix)

/** The cause of a rollout, such as a push: its id, and its time in milliseconds since the epoch. */
export interface RolloutCause {
  readonly id: string
  readonly at: number
  /** True if something later may have been rolled out since. */
  readonly isLate?: boolean
}

/** Returns the cause of a restart. Its event may be reported late, and its work may have been left by another process. */
export const restartCause = ({ at, id, isDated = false, isResumed = false }: Act, now: number): RolloutCause => ({
  id,
  at: Math.min(at, now),
  isLate: isDated || isResumed,
})

/**
 * Plans the restart of a workload. A workload that does not start pods by itself is not changed. `unsure` is a version
 * to which this restart may have been written.
 */
export const planRestart = (
  object: StoredObject,
  workloads: Workloads,
  cause: RolloutCause,
  unsure?: StoredObject,
): RolloutPlan => {
  const known = knownPushes(object, restarted)
  const mark = markOfRestart(cause.id)
  if (!workloads.rollsOut) return planOfNothing()
  if (known.ids.includes(cause.id)) return { ...planOfNothing('done before'), marks: new Set([mark]) }
  // The clocks of processes differ. What is new is later than all that is there.
  if (cause.isLate === true && known.at > cause.at) return planOfNothing('superseded')
  // After so many others, the id of this restart would be forgotten. All of them came after it.
  if (unsure && isForgotten(unsure, object)) return planOfNothing('superseded')
  const state = rolloutState(object, workloads)
  if (state === 'paused' || state === 'manual') return planOfNothing(state)
  const edit: Edit = { name: restarted, cause, template: cause.id, operations: [], from: '', to: 'restarted' }
  return {
    patch: patchOf(object, workloads, [edit]),
    changes: [{ object: workloadName(object, workloads), to: 'restarted' }],
    left: new Set(),
    marks: new Set([mark]),
  }
}

/** Returns whether a workload has been restarted so often since a version that it names no restart from then. */
const isForgotten = (since: StoredObject, now: StoredObject): boolean => {
  const { ids } = knownPushes(now, restarted)
  const [newest] = knownPushes(since, restarted).ids
  return ids.length >= maxRestarts && (newest === undefined || !ids.includes(newest))
}

/** Returns a plan that changes nothing, and why. */
export const planOfNothing = (...left: readonly Left[]): RolloutPlan => ({
  patch: [],
  changes: [],
  left: new Set(left),
  marks: new Set(),
})

/** Returns a workload's name in messages, such as `Deployment/web`. */
export const workloadName = ({ metadata }: StoredObject, { type }: Workloads): string => `${type.kind}/${metadata.name}`

/** The change of one container, or a restart. `name` is the container's, or {@link restarted}. */
export interface Edit {
  readonly name: string
  readonly cause: RolloutCause
  /**
   * The value of the annotation on the pod template. It notes the pushed digest, or it changes the
   * template where nothing else does. Absent if neither is needed.
   */
  readonly template?: string | undefined
  readonly operations: readonly Operation[]
  readonly from: string
  readonly to: string
}

/**
 * Reads from an annotation of the workload which pushes a container has got, or with the name
 * {@link restarted} which restarts it has had. Returns their ids, newest first, and the time of the
 * newest in milliseconds since the epoch, -Infinity if there was none.
 */
export const knownPushes = (
  object: StoredObject,
  name: string,
): { readonly at: number; readonly ids: readonly string[] } => {
  const [at = '', ...ids] = (object.metadata.annotations?.[annotationPrefix + name] ?? '').split(' ')
  return { at: /^\d{1,15}$/.test(at) ? Number(at) : -Infinity, ids }
}

/** Returns one patch with all changes. The API server rejects it for any other version of the object. */
export const patchOf = (
  object: StoredObject,
  { template }: Workloads,
  edits: readonly Edit[],
): readonly Operation[] => {
  if (edits.length === 0) return []
  const { metadata } = object
  const notes = edits.map(({ name, cause }): [string, string] => {
    const ids = [cause.id, ...knownPushes(object, name).ids.filter(id => id !== cause.id)]
    return [
      annotationPrefix + name,
      [cause.at, ...ids.slice(0, name === restarted ? maxRestarts : maxPushes)].join(' '),
    ]
  })
  const templates = edits.flatMap(({ name, template }): [string, string][] =>
    template === undefined ? [] : [[annotationPrefix + name, template]],
  )
  const templatePointer = `/${template.join('/')}/metadata`
  const hasMetadata = isObject(memberAt(object, ...template, 'metadata'))
  return [
    { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    { op: 'test', path: '/metadata/uid', value: metadata.uid },
    ...edits.flatMap(({ operations }) => operations),
    ...annotate('/metadata', metadata.annotations, notes),
    ...(templates.length > 0 && !hasMetadata
      ? [{ op: 'add', path: templatePointer, value: { annotations: Object.fromEntries(templates) } } as const]
      : annotate(templatePointer, memberAt(object, ...template, 'metadata', 'annotations'), templates)),
  ]
}

/**
 * Returns the operations that set annotations one by one. If the object has no annotations yet, one
 * operation creates the map with all of them.
 */
const annotate = (
  pointer: string,
  present: unknown,
  annotations: readonly (readonly [string, string])[],
): readonly Operation[] => {
  if (annotations.length === 0) return []
  if (!isObject(present)) return [{ op: 'add', path: `${pointer}/annotations`, value: Object.fromEntries(annotations) }]
  return annotations.map(([name, value]) => ({
    op: 'add',
    path: `${pointer}/annotations/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    value,
  }))
}

import type { Change } from '../../api/outcome.ts'
import { isObject, at as memberAt, nested } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { markOfRestart, type Mark } from './evidence.ts'
import { containerLists, type Workloads } from './kinds.ts'
import { neededFields } from './rollback.ts'
import { neededState, type RolloutState } from './state.ts'

/** One operation of a JSON Patch (RFC 6902). */
export interface Operation {
  readonly op: 'add' | 'replace' | 'test'
  /** A JSON Pointer. */
  readonly path: string
  readonly value: unknown
}

/** What is to be done with a workload, from the version of it that was read. */
export interface RolloutPlan {
  /** Empty where nothing is to be written. */
  readonly patch: readonly Operation[]
  readonly changes: readonly Change[]
  /** What was found for containers that are to run something pushed and that are left as they are. */
  readonly left: ReadonlySet<Left>
  /** What stands on the workload once the patch is stored, of the delivery that it is planned for. */
  readonly marks: ReadonlySet<Mark>
}

/**
 * up to date: it has the push. superseded: it has a later one. rolled back: somebody has taken it, or a later one, back. never
 * pulled: the same tag again, and nothing would pull it. running, paused, manual: see {@link RolloutState}.
 */
export type Left = 'up to date' | 'superseded' | 'rolled back' | 'never pulled' | Exclude<RolloutState, 'complete'>

/** Annotations with this beginning are this driver's: of a workload, and of its pods' template. */
export const annotationPrefix = 'pushed.receiverhooks.dev/'

/** The annotation for a restart of all containers. No container can have a name with a dot. */
export const restarted = 'restarted.at'

/** How many pushes an annotation names. */
const maxNamed = 5

/** Takes of a workload what a plan and its writing need, and nothing else: some of them are large, and many are planned at once. */
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
      ...{ name, uid, resourceVersion },
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

/** This driver's annotations. That there are some at all is known by the object that they are in. */
const ownNotes = (annotations: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).filter(
      (note): note is [string, string] => isOwnNote(note[0]) && typeof note[1] === 'string',
    ),
  )

const isOwnNote = (annotation: string): boolean => annotation.startsWith(annotationPrefix)

/** What takes the place of a push: what is rolled out, and what distinguishes it from others. */
export interface RolloutCause {
  readonly id: string
  readonly at: number
}

/** Plans the restart of a workload. What starts no pods by itself is left alone. */
export const planRestart = (object: StoredObject, workloads: Workloads, cause: RolloutCause): RolloutPlan => {
  const known = knownPushes(object, restarted)
  const mark = markOfRestart(cause.id)
  if (!workloads.rollsOut) return nothingBut()
  if (known.ids.includes(cause.id)) return { ...nothingBut('up to date'), marks: new Set([mark]) }
  if (known.at > cause.at) return nothingBut('superseded')
  const edit: Edit = { name: restarted, cause, template: cause.id, operations: [], from: '', to: 'restarted' }
  return {
    patch: patchOf(object, workloads, [edit]),
    changes: [{ object: workloadName(object, workloads), to: 'restarted' }],
    left: new Set(),
    marks: new Set([mark]),
  }
}

/** The plan that changes nothing. */
export const nothingBut = (...left: readonly Left[]): RolloutPlan => ({
  patch: [],
  changes: [],
  left: new Set(left),
  marks: new Set(),
})

/** What a workload is called in messages: `Deployment/web`. */
export const workloadName = ({ metadata }: StoredObject, { type }: Workloads): string => `${type.kind}/${metadata.name}`

/** The change of one container. */
export interface Edit {
  readonly name: string
  readonly cause: RolloutCause
  /** The value of the annotation of the template that makes it another; absent where the image does. */
  readonly template?: string
  readonly operations: readonly Operation[]
  readonly from: string
  readonly to: string
}

/** What an object's annotation says of the pushes that a container got: when the newest was made, and which they were. */
export const knownPushes = (
  object: StoredObject,
  name: string,
): { readonly at: number; readonly ids: readonly string[] } => {
  const [at = '', ...ids] = (object.metadata.annotations?.[annotationPrefix + name] ?? '').split(' ')
  return { at: /^\d{1,15}$/.test(at) ? Number(at) : -Infinity, ids }
}

/** One patch for all: of this very version of this very object. */
export const patchOf = (
  object: StoredObject,
  { template }: Workloads,
  edits: readonly Edit[],
): readonly Operation[] => {
  if (edits.length === 0) return []
  const { metadata } = object
  const notes = edits.map(({ name, cause }): [string, string] => {
    const ids = [cause.id, ...knownPushes(object, name).ids.filter(id => id !== cause.id)]
    return [annotationPrefix + name, [cause.at, ...ids.slice(0, maxNamed)].join(' ')]
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

/** Sets annotations one by one, or all at once where there are none: into no map none can be added. */
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

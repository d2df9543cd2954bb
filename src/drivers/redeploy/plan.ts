import type { Change } from '../../api/outcome.ts'
import { isObject, at as memberAt, nested } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { containerLists, containersIn, type Container, type Workloads } from './kinds.ts'
import { neededFields, rolledBackAt } from './rollback.ts'
import type { Chosen } from './wanted.ts'

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
}

/**
 * up to date: it has the push. superseded: it has a later one. rolled back: somebody has taken it, or a later one, back. never
 * pulled: the same tag again, and nothing would pull it.
 */
export type Left = 'up to date' | 'superseded' | 'rolled back' | 'never pulled'

/** Annotations with this beginning are this driver's: of a workload, and of its pods' template. */
export const annotationPrefix = 'pushed.receiverhooks.dev/'

/** The annotation for a restart of all containers. No container can have a name with a dot. */
const restarted = 'restarted.at'

/** How many pushes an annotation names. */
const maxNamed = 5

/** Takes of a workload what a plan and its writing need, and nothing else: some of them are large, and many are planned at once. */
export const neededOf = (object: StoredObject, workloads: Workloads): StoredObject => {
  const { template } = workloads
  const { annotations, name, namespace, resourceVersion, uid } = object.metadata
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
      ...(annotations && { annotations: ownNotes(annotations) }),
      managedFields: neededFields(object, workloads, isOwnNote),
    },
    ...nested(template, needed),
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
interface Cause {
  readonly id: string
  readonly at: number
}

/** Plans what a workload's containers are to run. `chosen` says which push a container is to run. */
export const planImages = (
  object: StoredObject,
  workloads: Workloads,
  chosen: (container: Container) => Chosen | undefined,
  pin: 'tag' | 'digest',
): RolloutPlan => {
  const planned = containersIn(object, workloads).flatMap(container => {
    const choice = chosen(container)
    return choice ? [planContainer(object, workloads, container, choice, pin)] : []
  })
  const edits = planned.filter(isEdit)
  return {
    patch: patchOf(object, workloads, edits),
    changes: edits.map(({ from, name, to }) => ({ object: nameOf(object, workloads), part: name, from, to })),
    left: new Set(planned.flatMap(plan => (isEdit(plan) ? [] : [plan]))),
  }
}

/** Plans the restart of a workload. What starts no pods by itself is left alone. */
export const planRestart = (object: StoredObject, workloads: Workloads, cause: Cause): RolloutPlan => {
  const known = noteOf(object, restarted)
  if (!workloads.rollsOut) return { patch: [], changes: [], left: new Set() }
  if (known.ids.includes(cause.id)) return { patch: [], changes: [], left: new Set(['up to date']) }
  if (known.at > cause.at) return { patch: [], changes: [], left: new Set(['superseded']) }
  const edit: Edit = { name: restarted, cause, template: cause.id, operations: [], from: '', to: 'restarted' }
  return {
    patch: patchOf(object, workloads, [edit]),
    changes: [{ object: nameOf(object, workloads), to: 'restarted' }],
    left: new Set(),
  }
}

/** What a workload is called in messages: `Deployment/web`. */
const nameOf = ({ metadata }: StoredObject, { type }: Workloads): string => `${type.kind}/${metadata.name}`

/** The change of one container. */
interface Edit {
  readonly name: string
  readonly cause: Cause
  /** The value of the annotation of the template that makes it another; absent where the image does. */
  readonly template?: string
  readonly operations: readonly Operation[]
  readonly from: string
  readonly to: string
}

const isEdit = (plan: Edit | Left): plan is Edit => typeof plan !== 'string'

const planContainer = (
  object: StoredObject,
  workloads: Workloads,
  container: Container,
  { isLower, push, runs }: Chosen,
  pin: 'tag' | 'digest',
): Edit | Left => {
  const { image, imagePullPolicy, name, pointer } = container
  const known = noteOf(object, name)
  if (known.ids.includes(push.id)) return 'up to date'
  if (isLower || known.at > push.at) return 'superseded'
  const backAt = rolledBackAt(object, workloads, name, annotationPrefix + name)
  if (backAt !== undefined && backAt > push.at) return 'rolled back'
  const pinned = pin === 'digest' && push.digest !== undefined
  const wanted = `${runs.name}:${push.tag}${pinned ? `@${push.digest}` : ''}`
  const its = { op: 'test', path: `${pointer}/name`, value: name } as const
  if (wanted !== image) {
    const replace = { op: 'replace', path: `${pointer}/image`, value: wanted } as const
    // So that the same digest under the same tag is known when it is pushed again.
    const note = !pinned && push.digest !== undefined
    return {
      name,
      cause: push,
      ...(note && { template: push.digest }),
      operations: [its, replace],
      from: image,
      to: wanted,
    }
  }
  // The same text once more: what it names is another, unless the digest is known to be the same.
  if (pinned || templateNote(object, workloads, name) === push.digest) return 'up to date'
  if (imagePullPolicy === 'Never') return 'never pulled'
  // Else a node that has an image of this tag would start that one.
  const pull = { op: 'add', path: `${pointer}/imagePullPolicy`, value: 'Always' } as const
  const isPulled = imagePullPolicy === 'Always'
  if (!workloads.rollsOut && isPulled) return 'up to date'
  const template = push.digest ?? (workloads.rollsOut ? push.id : undefined)
  return {
    name,
    cause: push,
    ...(template !== undefined && { template }),
    operations: isPulled ? [] : [its, pull],
    from: image,
    to: push.digest === undefined ? image : `${image}@${push.digest}`,
  }
}

/** What an object's annotation says of the pushes that a container got: when the newest was made, and which they were. */
const noteOf = (object: StoredObject, name: string): { readonly at: number; readonly ids: readonly string[] } => {
  const [at = '', ...ids] = (object.metadata.annotations?.[annotationPrefix + name] ?? '').split(' ')
  return { at: /^\d{1,15}$/.test(at) ? Number(at) : -Infinity, ids }
}

const templateNote = (object: StoredObject, { template }: Workloads, name: string): unknown =>
  memberAt(object, ...template, 'metadata', 'annotations', annotationPrefix + name) ?? 'none'

/** One patch for all: of this very version of this very object. */
const patchOf = (object: StoredObject, { template }: Workloads, edits: readonly Edit[]): readonly Operation[] => {
  if (edits.length === 0) return []
  const { metadata } = object
  const notes = edits.map(({ name, cause }): [string, string] => {
    const ids = [cause.id, ...noteOf(object, name).ids.filter(id => id !== cause.id)]
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

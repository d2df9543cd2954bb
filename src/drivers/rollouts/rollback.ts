import { at, isObject, nested, stringAt, type JsonObject } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { parseTime } from '../../environment/time.ts'
import { containerLists, type Workloads } from './kinds.ts'

/** The field manager of all writes of rollouts. */
export const rolloutManager = 'receiver-hooks'

/**
 * The field manager of `kubectl rollout undo`. Of kubectl's other commands that write an image, only
 * `kubectl apply --server-side` has this name, with the operation Apply.
 */
const undoManager = 'kubectl'
const undoOperation = 'Update'

/**
 * Returns when somebody undid a push to a container, in milliseconds since the epoch, or undefined.
 * The time is a whole second, so it may be up to a second too early.
 *
 * `kubectl rollout undo` also restores the annotations of a Deployment, from the ReplicaSet that
 * runs again. So the annotations no longer name the push. But the owners of the fields
 * (metadata.managedFields) show the undo: another manager owns `annotation`. If there was no
 * annotation before the push, there is none now, and `kubectl` owns the image.
 */
export const rolledBackAt = (
  { metadata }: StoredObject,
  { template }: Workloads,
  container: string,
  annotation: string,
): number | undefined => {
  const note = ['metadata', 'annotations', annotation]
  const entries = metadata.managedFields ?? []
  if (metadata.annotations?.[annotation] !== undefined) {
    const owners = entries.filter(entry => owns(entry, note))
    return owners.some(isOurs) ? undefined : newest(owners)
  }
  const images = containerLists.map(list => [...template, 'spec', list, { name: container }, 'image'])
  return newest(entries.filter(entry => mayBeUndo(entry) && images.some(image => owns(entry, image))))
}

/**
 * Returns the part of metadata.managedFields that {@link rolledBackAt} needs: the images, and the
 * annotations that `isNeeded` accepts.
 */
export const neededFields = (
  { metadata }: StoredObject,
  { template }: Workloads,
  isNeeded: (annotation: string) => boolean,
): readonly JsonObject[] =>
  (metadata.managedFields ?? []).flatMap(entry => {
    const annotations = membersOf(fieldsAt(entry, ['metadata', 'annotations'])).filter(([field]) =>
      isNeeded(nameIn(field)),
    )
    const lists = containerLists.map(list => {
      const containers = membersOf(fieldsAt(entry, [...template, 'spec', list]))
      const images = containers.filter(([, fields]) => at(fields, 'f:image') !== undefined)
      return [`f:${list}`, Object.fromEntries(images.map(([container]) => [container, { 'f:image': {} }]))] as const
    })
    const pods = Object.fromEntries(lists.filter(([, images]) => Object.keys(images).length > 0))
    if (annotations.length === 0 && Object.keys(pods).length === 0) return []
    const fieldsV1 = {
      'f:metadata': { 'f:annotations': Object.fromEntries(annotations.map(([field]) => [field, {}])) },
      ...nested(
        [...template, 'spec'].map(member => `f:${member}`),
        pods,
      ),
    }
    return [{ manager: managerOf(entry), operation: at(entry, 'operation'), time: at(entry, 'time'), fieldsV1 }]
  })

const owns = (entry: unknown, path: readonly Step[]): boolean => fieldsAt(entry, path) !== undefined

/** The name of a member, or of an item in a list. */
type Step = string | { readonly name: string }

/** Returns a field in the field set of an entry, in the form FieldsV1. */
const fieldsAt = (entry: unknown, path: readonly Step[]): unknown =>
  at(entry, 'fieldsV1', ...path.map(step => (typeof step === 'string' ? `f:${step}` : `k:${JSON.stringify(step)}`)))

const membersOf = (fields: unknown): readonly (readonly [string, unknown])[] =>
  isObject(fields) ? Object.entries(fields) : []

const nameIn = (field: string): string => field.slice('f:'.length)

const managerOf = (entry: unknown): string | undefined => stringAt(entry, 'manager')

const mayBeUndo = (entry: unknown): boolean =>
  managerOf(entry) === undoManager && at(entry, 'operation') === undoOperation

const isOurs = (entry: unknown): boolean => managerOf(entry) === rolloutManager

const newest = (entries: readonly unknown[]): number | undefined => {
  const times = entries.map(entry => parseTime(stringAt(entry, 'time') ?? '')).filter(Number.isFinite)
  return times.length === 0 ? undefined : Math.max(...times)
}

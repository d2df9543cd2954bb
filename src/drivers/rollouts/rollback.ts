import { at, isObject, nested, stringAt, type JsonObject } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { parseTime } from '../../environment/time.ts'
import { containerLists, type Workloads } from './kinds.ts'

/** The field manager of every write of this driver. */
export const rolloutManager = 'receiver-hooks'

/** The field manager of `kubectl rollout undo`. Its other commands that write an image have longer names. */
const undoManager = 'kubectl'

/**
 * Returns when somebody took back what was pushed to a container, in milliseconds since the epoch; undefined if nobody did. It is
 * a whole second, at most one too early.
 *
 * `kubectl rollout undo` puts the annotations of a Deployment back as well, to those of the ReplicaSet that runs again. So the
 * push that was taken back is no longer named there. The owners of the fields (metadata.managedFields) show it: `annotation`
 * belongs to somebody else then. If there was none before the push, it is gone, and `kubectl` owns the image.
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
  return newest(entries.filter(entry => managerOf(entry) === undoManager && images.some(image => owns(entry, image))))
}

/** Takes of metadata.managedFields what {@link rolledBackAt} needs: fields whose names `isNeeded`, and images. */
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
    return [{ manager: managerOf(entry), time: at(entry, 'time'), fieldsV1 }]
  })

const owns = (entry: unknown, path: readonly Step[]): boolean => fieldsAt(entry, path) !== undefined

/** A member's name, or the name of an item in a list. */
type Step = string | { readonly name: string }

/** The place of a field in the set of fields of an entry, in the form FieldsV1. */
const fieldsAt = (entry: unknown, path: readonly Step[]): unknown =>
  at(entry, 'fieldsV1', ...path.map(step => (typeof step === 'string' ? `f:${step}` : `k:${JSON.stringify(step)}`)))

const membersOf = (fields: unknown): readonly (readonly [string, unknown])[] =>
  isObject(fields) ? Object.entries(fields) : []

const nameIn = (field: string): string => field.slice('f:'.length)

const managerOf = (entry: unknown): string | undefined => stringAt(entry, 'manager')

const isOurs = (entry: unknown): boolean => managerOf(entry) === rolloutManager

const newest = (entries: readonly unknown[]): number | undefined => {
  const times = entries.map(entry => parseTime(stringAt(entry, 'time') ?? '')).filter(Number.isFinite)
  return times.length === 0 ? undefined : Math.max(...times)
}

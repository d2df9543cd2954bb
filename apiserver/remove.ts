import { stringAt, type JsonObject } from '../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../src/api/object.ts'
import { rfc3339 } from '../src/environment/time.ts'
import { placeOf, type Addressed, type ServerState } from './state.ts'
import type { ResourceDefinition } from './definition.ts'
import { equal, stringsAt, withMember } from './members.ts'
import type { StorePlace } from './store.ts'
import { conflict, notFound } from './status.ts'

export interface Removal extends Addressed {
  /** The request's DeleteOptions. */
  readonly options: JsonObject
  readonly dryRun: boolean
}

export interface Removed {
  /** The deleted object, or the object that waits for its finalizers. */
  readonly object: StoredObject
  /** True if the object still exists because of its finalizers. */
  readonly pending: boolean
}

/**
 * Deletes an object, and the objects without another owner unless the propagation policy is Orphan.
 * An object with finalizers is only marked as being deleted. Throws a StatusError (404, 409).
 */
export const removeObject = (state: ServerState, removal: Removal): Removed => {
  const { definition, name, options } = removal
  const place = placeOf(removal)
  const current = state.store.get(place)
  if (!current) throw notFound(definition, name)
  checkPreconditions(removal, current)
  if (removal.dryRun) return { object: current, pending: false }
  if (stringsAt(current, 'metadata', 'finalizers').length > 0) {
    return { object: marked(state, place, current), pending: true }
  }
  const last = state.store.remove(place) ?? current
  afterRemoval(state, definition, last, stringAt(options, 'propagationPolicy') !== 'Orphan')
  return { object: last, pending: false }
}

const checkPreconditions = ({ definition, name, options }: Removal, current: StoredObject): void => {
  const refuse = (what: string, asked: string, found: string, meaning: string): never => {
    const why = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${found}). ${meaning}`
    throw conflict(definition, name, why, definition.kind)
  }
  const { uid, resourceVersion } = current.metadata
  const askedUid = stringAt(options, 'preconditions', 'uid')
  if (askedUid !== undefined && askedUid !== uid) {
    refuse('UID', askedUid, uid, 'The object might have been deleted and then recreated')
  }
  const askedVersion = stringAt(options, 'preconditions', 'resourceVersion')
  if (askedVersion !== undefined && askedVersion !== resourceVersion) {
    refuse('ResourceVersion', askedVersion, resourceVersion, 'The object might have been modified')
  }
}

/** Marks an object as being deleted. It stays until its finalizers are removed. */
const marked = (state: ServerState, place: StorePlace, current: StoredObject): StoredObject => {
  if (current.metadata.deletionTimestamp !== undefined) return current
  const generation = current.metadata.generation
  const next = withMember(
    withMember(current, ['metadata', 'deletionTimestamp'], rfc3339(state.clock.now())),
    ['metadata', 'deletionGracePeriodSeconds'],
    0,
  )
  const counted = generation === undefined ? next : withMember(next, ['metadata', 'generation'], generation + 1)
  return isStoredObject(counted) ? state.store.put(place, counted) : current
}

/**
 * Deletes what depends on a deleted object: a namespace's content, a CRD's objects, and with
 * `cascade` the objects without another owner.
 */
export const afterRemoval = (
  state: ServerState,
  definition: ResourceDefinition,
  last: StoredObject,
  cascade = true,
): void => {
  const { store, definitions } = state
  const { name, uid } = last.metadata
  if (definition.kind === 'Namespace') for (const place of store.inNamespace(name)) store.remove(place)
  if (definition.kind === 'CustomResourceDefinition') {
    const kept = definitions.all().find(served => served.custom && `${served.resource}.${served.group}` === name)?.kept
    if (kept !== undefined) for (const [key] of store.list(kept, '')) store.remove({ kept, key })
    definitions.withdraw(name)
  }
  if (cascade) for (const place of store.ownedBy(uid)) disown(state, place, uid)
}

/**
 * Removes an owner from an object. An object without another owner is deleted at once, where a real
 * cluster's garbage collector deletes it later. If it has finalizers, it is only marked.
 */
const disown = (state: ServerState, place: StorePlace, uid: string): void => {
  const object = state.store.get(place)
  if (!object) return
  const owners = (object.metadata.ownerReferences ?? []).filter(owner => owner.uid !== uid)
  if (owners.length > 0) {
    const next = withMember(object, ['metadata', 'ownerReferences'], owners)
    if (isStoredObject(next) && !equal(next, object)) state.store.put(place, next)
    return
  }
  if (stringsAt(object, 'metadata', 'finalizers').length > 0) {
    marked(state, place, object)
    return
  }
  state.store.remove(place)
  for (const owned of state.store.ownedBy(object.metadata.uid)) disown(state, owned, object.metadata.uid)
}

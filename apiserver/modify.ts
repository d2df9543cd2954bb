import { numberAt, stringAt, type JsonObject } from '../src/api/json.ts'
import type { StoredObject } from '../src/api/object.ts'
import { checkIdentity, objectIn } from './body.ts'
import { placeOf, viewOf, type ServerState } from './state.ts'
import { without } from './members.ts'
import { ownedAfterApply } from './ownership.ts'
import { applyPatchType, mergePatch, patched } from './patch.ts'
import { withApplied } from './fields.ts'
import { scaleOf, scaleType, withScale } from './scale.ts'
import {
  badRequest,
  conflict,
  forbiddenValue,
  internalError,
  invalid,
  invalidOptions,
  invalidValue,
  notFound,
  requiredValue,
} from './status.ts'
import { strategicMerge } from './strategic.ts'
import { createObject, currentOf, update, writerOf, type Write, type WriteResult } from './write.ts'

/** Handles POST: creates an object. */
export const createFromPost = (state: ServerState, write: Write, text: string): WriteResult => {
  const sent = objectIn(text, write.definition.kind)
  checkIdentity(sent, write)
  return createObject(state, write, decoded(write, sent), writerOf(state, write, 'Update'))
}

/** Handles PUT: replaces the object, its status or its scale. */
export const put = (state: ServerState, write: Write, text: string): WriteResult => {
  const { definition, name, subresource } = write
  const sent = objectIn(text, subresource === 'scale' ? scaleType.kind : definition.kind)
  const writer = writerOf(state, write, 'Update')
  if (subresource === 'scale') {
    const current = currentOf(state, write)
    return update(state, write, current, withScale(definition, current, sent), writer)
  }
  checkIdentity(sent, write)
  const current = currentOf(state, write)
  const { uid } = current.metadata
  const askedUid = stringAt(sent, 'metadata', 'uid') ?? ''
  if (askedUid !== '' && askedUid !== uid) {
    const key = `/registry/${definition.resource}/${placeOf(write).key}`
    const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${askedUid}, UID in object meta: ${uid}`
    throw conflict(definition, name, why)
  }
  if (definition.versionRequired && (stringAt(sent, 'metadata', 'resourceVersion') ?? '') === '') {
    const cause = invalidValue('metadata.resourceVersion', 0, 'must be specified for an update')
    throw invalid({ group: definition.group, kind: definition.resource }, name, [cause])
  }
  return update(state, write, current, decoded(write, sent), writer)
}

/**
 * Handles all kinds of PATCH. `force` is the query parameter for a server-side apply.
 * `managerGiven`: the query has a `fieldManager`, which an apply requires.
 */
export const patch = (
  state: ServerState,
  write: Write,
  contentType: string,
  text: string,
  options: { readonly force: boolean; readonly managerGiven: boolean },
): WriteResult => {
  if (contentType === applyPatchType) {
    if (options.managerGiven) return apply(state, write, text, options.force)
    throw invalidOptions('PatchOptions', requiredValue('fieldManager', 'is required for apply patch'))
  }
  if (options.force) {
    throw invalidOptions('PatchOptions', forbiddenValue('force', 'may not be specified for non-apply patch'))
  }
  const { definition, subresource } = write
  const current = currentOf(state, write)
  const writer = writerOf(state, write, 'Update')
  if (subresource === 'scale') {
    const scale = patched(scaleOf(definition, current), contentType, text, definition.custom)
    return update(state, write, current, withScale(definition, current, scale), writer)
  }
  const next = patched(viewOf(definition, current), contentType, text, definition.custom)
  checkIdentity(next, write)
  return update(state, write, current, decoded(write, next), writer)
}

/**
 * Returns an object in the stored form: without apiVersion and kind, which depend on the request's
 * path.
 */
const decoded = ({ definition }: Write, object: JsonObject): JsonObject =>
  without(without(definition.decode?.(object) ?? object, 'apiVersion'), 'kind')

/**
 * Applies an object (server-side apply): sets the given members and notes their owner.
 */
const apply = (state: ServerState, write: Write, text: string, force: boolean): WriteResult => {
  const { definition, name, subresource } = write
  const sent = objectIn(text, definition.kind)
  if (subresource === 'scale') return applyScale(state, write, sent, force)
  if (stringAt(sent, 'kind') !== definition.kind) {
    throw badRequest(`invalid object type: ${stringAt(sent, 'apiVersion')}, Kind=${stringAt(sent, 'kind')}`)
  }
  checkIdentity(sent, write)
  const config = written(write, decoded(write, sent))
  const current = state.store.get(placeOf(write))
  if (!current) {
    const uid = stringAt(sent, 'metadata', 'uid') ?? ''
    if (uid !== '') {
      throw conflict(
        definition,
        name,
        `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
      )
    }
    if (subresource !== undefined) throw notFound(definition, name)
    const owned = ownedAfterApply(definition, undefined, [config, config], writerOf(state, write, 'Apply'), force)
    return createObject(state, write, owned)
  }
  const merged = definition.custom ? withApplied(definition.ownable, current, config) : strategicMerge(current, config)
  return applied(state, write, current, merged, config, force)
}

/** Returns the half of an applied object that the request may write. */
const written = ({ definition, subresource }: Write, config: JsonObject): JsonObject => {
  if (subresource !== 'status') return definition.subresources.includes('status') ? without(config, 'status') : config
  return { metadata: config['metadata'], status: config['status'] }
}

const applyScale = (state: ServerState, write: Write, sent: JsonObject, force: boolean): WriteResult => {
  const { definition, name } = write
  const type = `${stringAt(sent, 'apiVersion')}, Kind=${stringAt(sent, 'kind')}`
  if (type !== `${scaleType.group}/${scaleType.version}, Kind=${scaleType.kind}`) {
    throw badRequest(`invalid object type: ${type}`)
  }
  checkIdentityOfScale(sent, write)
  const current = currentOf(state, write)
  if (definition.custom) {
    // The real server cannot apply to this /scale either.
    throw internalError(
      `failed to convert new object (/${name}; ${type}) to proper version: request to convert CR to an invalid group/version: autoscaling/v1`,
    )
  }
  const scale = mergePatch(scaleOf(definition, current), sent)
  const next = withScale(definition, current, scale)
  const replicas = numberAt(sent, 'spec', 'replicas')
  const config = replicas === undefined ? {} : { spec: { replicas } }
  return applied(state, write, current, next, config, force)
}

const checkIdentityOfScale = (sent: JsonObject, { name }: Write): void => {
  const found = stringAt(sent, 'metadata', 'name') ?? ''
  if (found !== '' && found !== name) {
    throw badRequest(`the name of the object (${found}) does not match the name on the URL (${name})`)
  }
}

/** Stores the result of a server-side apply, with the owners that its fields have then. */
const applied = (
  state: ServerState,
  write: Write,
  current: StoredObject,
  merged: JsonObject,
  config: JsonObject,
  force: boolean,
): WriteResult => {
  const writer = writerOf(state, write, 'Apply')
  return update(state, write, current, ownedAfterApply(write.definition, current, [merged, config], writer, force))
}

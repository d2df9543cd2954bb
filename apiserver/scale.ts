import { at, numberAt, stringAt, type JsonObject } from '../src/api/json.ts'
import type { StoredObject } from '../src/api/object.ts'
import type { ResourceDefinition } from './definition.ts'
import { withMember } from './members.ts'
import { conflict, invalid, invalidValue, noSuchResource, staleVersion } from './status.ts'

/** The type of `/scale`, for every resource that has one. */
export const scaleType = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const

/** Returns the `/scale` of an object. A count of 0 is left out, as on the real server. */
export const scaleOf = (definition: ResourceDefinition, object: StoredObject): JsonObject => {
  const { scale } = definition
  if (!scale) throw noSuchResource()
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = numberAt(object, ...scale.specReplicas) ?? 0
  const selector = scale.selector(object)
  return {
    kind: scaleType.kind,
    apiVersion: `${scaleType.group}/${scaleType.version}`,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: numberAt(object, ...scale.statusReplicas) ?? 0,
      ...(selector === '' ? {} : { selector }),
    },
  }
}

/**
 * Returns an object with the count that a Scale gives it. Throws a StatusError:
 * - 404 if the resource has no `/scale`;
 * - 409 if the Scale has another version, or another uid (custom resources do not check that);
 * - 422 if its count is negative or no number.
 */
export const withScale = (definition: ResourceDefinition, object: StoredObject, scale: JsonObject): JsonObject => {
  if (!definition.scale) throw noSuchResource()
  const { name, uid, resourceVersion } = object.metadata
  const askedUid = stringAt(scale, 'metadata', 'uid') ?? ''
  if (askedUid !== '' && askedUid !== uid && !definition.custom) {
    const why = `Precondition failed: UID in precondition: ${askedUid}, UID in object meta: ${uid}`
    throw conflict(definition, name, why, `${definition.resource}/scale`)
  }
  const askedVersion = stringAt(scale, 'metadata', 'resourceVersion') ?? ''
  if (askedVersion !== '' && askedVersion !== resourceVersion) throw staleVersion(definition, name)
  const replicas = at(scale, 'spec', 'replicas') ?? 0
  if (typeof replicas !== 'number' || replicas < 0) {
    throw invalid(scaleType, name, [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')])
  }
  return withMember(object, definition.scale.specReplicas, replicas)
}

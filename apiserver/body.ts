import { parse } from 'yaml'
import { isObject, stringAt, tryParseJson, type JsonObject } from '../src/api/json.ts'
import { apiVersionOf } from '../src/kube/paths.ts'
import type { Addressed } from './state.ts'
import type { ResourceDefinition } from './definition.ts'
import { badRequest } from './status.ts'

/** Parses an object in a request's body, which is JSON or YAML. Throws a StatusError (400). */
export const objectIn = (text: string, kind: string): JsonObject => {
  const object = tryParseJson(text) ?? tryParseYaml(text)
  if (isObject(object)) return object
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind}): it is neither JSON nor YAML of an object`,
  )
}

const tryParseYaml = (text: string): unknown => {
  try {
    const value: unknown = parse(text)
    return value
  } catch {
    return undefined
  }
}

/**
 * Checks that an object does not contradict the request's path: its type, its namespace and its
 * name. An object may leave out namespace and name. Throws a StatusError (400).
 */
export const checkIdentity = (object: JsonObject, { definition, namespace, name }: Addressed): void => {
  checkType(object, definition)
  const ownNamespace = stringAt(object, 'metadata', 'namespace') ?? ''
  if (ownNamespace !== '' && ownNamespace !== (namespace ?? '')) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  const ownName = stringAt(object, 'metadata', 'name') ?? ''
  if (name !== '' && ownName !== '' && ownName !== name) {
    throw badRequest(`the name of the object (${ownName}) does not match the name on the URL (${name})`)
  }
}

const checkType = (object: JsonObject, definition: ResourceDefinition): void => {
  const { kind } = definition
  const found = stringAt(object, 'kind') ?? ''
  const version = stringAt(object, 'apiVersion') ?? ''
  if (found === '' && version === '' && !definition.custom) return
  if (found === '') {
    throw badRequest(`the object provided is unrecognized (must be of type ${kind}): Object 'Kind' is missing`)
  }
  if (found === kind && version === apiVersionOf(definition)) return
  throw badRequest(
    `${found} in version "${version}" cannot be handled as a ${kind}: this path takes ${apiVersionOf(definition)}, Kind=${kind}`,
  )
}

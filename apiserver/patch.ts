import jsonPatch, { type Operation } from 'fast-json-patch'
import { isObject, parseJson, type JsonObject } from '../src/api/json.ts'
import { strategicMerge } from './strategic.ts'
import { badRequest, patchFailed, unsupportedMediaType } from './status.ts'

export const applyPatchType = 'application/apply-patch+yaml'
const jsonPatchType = 'application/json-patch+json'
const mergePatchType = 'application/merge-patch+json'
const strategicPatchType = 'application/strategic-merge-patch+json'

/**
 * Returns an object after a patch. `custom`: it is a custom resource. Throws a StatusError: 400 if
 * the patch is unreadable, 415 if its type is unknown or not supported, 422 if an operation of a
 * JSON Patch fails.
 */
export const patched = (object: JsonObject, contentType: string, text: string, custom: boolean): JsonObject => {
  switch (contentType) {
    case jsonPatchType:
      return withOperations(object, operations(text))
    case mergePatchType:
      return mergePatch(object, mergeBody(text))
    case strategicPatchType:
      // Custom resources have no merge keys in their schema, so the real server refuses this patch
      // for them.
      if (!custom) return strategicMerge(object, mergeBody(text))
  }
  throw unsupportedMediaType([jsonPatchType, mergePatchType, ...(custom ? [] : [strategicPatchType]), applyPatchType])
}

const mergeBody = (text: string): JsonObject => {
  const patch = decoded(text)
  if (!isObject(patch)) throw badRequest('error decoding patch: expected a JSON object')
  return patch
}

const decoded = (text: string): unknown => {
  try {
    return parseJson(text)
  } catch (error) {
    throw badRequest(`error decoding patch: ${String(error)}`)
  }
}

/** Applies a JSON Merge Patch (RFC 7396). */
export const mergePatch = (target: unknown, patch: JsonObject): JsonObject => {
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = isObject(value) ? mergePatch(merged[name], value) : value
  }
  return merged
}

const operationNames = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

const isOperation = (value: unknown): value is Operation =>
  isObject(value) && typeof value['path'] === 'string' && operationNames.has(String(value['op']))

const operations = (text: string): Operation[] => {
  const patch = decoded(text)
  if (!Array.isArray(patch)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp')
  }
  return patch.map((operation: unknown) => {
    if (!isOperation(operation)) throw badRequest('error decoding patch: expected op, path and value')
    return operation
  })
}

/**
 * Applies a JSON Patch (RFC 6902). As on the real server, a `test` for null passes for a missing
 * member.
 */
const withOperations = (object: JsonObject, patch: readonly Operation[]): JsonObject => {
  let document: JsonObject = structuredClone(object)
  for (const operation of patch) {
    try {
      if (operation.op === 'test' && operation.value === null && valueAt(document, operation.path) === undefined)
        continue
      document = jsonPatch.applyOperation(document, operation, true).newDocument
    } catch {
      throw patchFailed()
    }
  }
  return document
}

const valueAt = (document: unknown, pointer: string): unknown => {
  try {
    return jsonPatch.getValueByPointer(document, pointer)
  } catch {
    return undefined
  }
}

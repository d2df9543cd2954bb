import { Buffer } from 'node:buffer'
import { at, tryParseJson } from '../src/api/json.ts'
import type { JsonObject } from '../src/api/json.ts'
import type { StoredObject } from '../src/api/object.ts'
import type { ServerState } from './state.ts'
import type { ResourceDefinition } from './definition.ts'
import { fieldSelector, labelSelector, type Matches } from './selectors.ts'
import { badRequest, expired, forbiddenValue, invalidOptions, versionTooLarge } from './status.ts'
import { storeKey } from './store.ts'

export type Query = Readonly<Record<string, string>>

/** All objects of a resource, or those of one namespace. */
export interface Collection {
  readonly definition: ResourceDefinition
  readonly namespace: string | undefined
}

/**
 * The filters of a query. `prefix` begins all keys that can match; it is a whole key if only one
 * object can. `selective`: the query has a label or field selector.
 */
export interface Selection {
  readonly prefix: string
  readonly matches: Matches
  readonly selective: boolean
}

/** Parses the selectors of a query. Throws a StatusError (400). */
export const selectionOf = ({ definition, namespace }: Collection, query: Query): Selection => {
  const labels = labelSelector(query['labelSelector'] ?? '')
  const fields = fieldSelector(query['fieldSelector'] ?? '', definition)
  const prefix = definition.namespaced ? (namespace === undefined ? '' : `${namespace}/`) : '/'
  const oneName = fields?.name !== undefined && prefix !== ''
  return {
    prefix: oneName ? storeKey(definition.namespaced ? namespace : undefined, fields.name ?? '') : prefix,
    matches: object => (labels?.(object) ?? true) && (fields?.matches(object) ?? true),
    selective: labels !== undefined || fields !== undefined,
  }
}

/**
 * Returns a page of a list, with the list's metadata. Throws a StatusError (400, 410, 422, 504).
 */
export const list = (
  { store }: ServerState,
  collection: Collection,
  query: Query,
): { readonly objects: readonly StoredObject[]; readonly metadata: JsonObject } => {
  const limit = Number(query['limit'] ?? 0)
  const token = continueToken(query['continue'] ?? '')
  const revision = token?.revision ?? exactRevision(query, limit, store.revision())
  if (revision !== undefined && revision < store.compacted()) throw expired(token ? tooOldToken : tooOldList)
  const { prefix, matches, selective } = selectionOf(collection, query)
  const all = store.list(collection.definition.kept, prefix, revision)
  const rest = all.filter(([key, object]) => (token === undefined || key >= token.start) && matches(object))
  const page = limit > 0 ? rest.slice(0, limit) : rest
  const listed = revision ?? store.revision()
  const next = rest[page.length]
  const objects = page.map(([, object]) => object)
  if (!next) return { objects, metadata: { resourceVersion: String(listed) } }
  return {
    objects,
    metadata: {
      resourceVersion: String(listed),
      continue: Buffer.from(JSON.stringify({ rv: listed, start: next[0] })).toString('base64url'),
      ...(selective ? {} : { remainingItemCount: rest.length - page.length }),
    },
  }
}

const tooOldList = 'The resourceVersion for the provided list is too old.'
const tooOldToken =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.'

const continueToken = (text: string): { readonly revision: number; readonly start: string } | undefined => {
  if (text === '') return undefined
  const token = tryParseJson(Buffer.from(text, 'base64url').toString())
  const revision = at(token, 'rv')
  const start = at(token, 'start')
  if (typeof revision === 'number' && typeof start === 'string') return { revision, start }
  throw badRequest('invalid continue token: continue key is not valid')
}

/** Parses a resource version from a query. Throws a StatusError (400) if it is no number. */
const parseRevision = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text)
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}

/**
 * Returns the version that a list must show exactly, or undefined if it shows the newest. Throws a
 * StatusError (400, 422, 504).
 */
const exactRevision = (query: Query, limit: number, current: number): number | undefined => {
  const asked = query['resourceVersion'] ?? ''
  const match = query['resourceVersionMatch'] ?? ''
  const forbid = (detail: string): never => {
    throw invalidOptions('ListOptions', forbiddenValue('resourceVersionMatch', detail))
  }
  if (match !== '' && asked === '') forbid('resourceVersionMatch is forbidden unless resourceVersion is provided')
  if (asked === '') return undefined
  const revision = parseRevision(asked)
  if (match === 'Exact' && revision === 0) {
    forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  }
  if (revision > current) throw versionTooLarge(revision, current)
  // A limited list without `resourceVersionMatch` shows exactly the given version, as it did before
  // that parameter existed.
  return match === 'Exact' || (match === '' && limit > 0 && revision > 0) ? revision : undefined
}

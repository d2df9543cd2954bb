import { at, stringAt, tryParseJson } from '../api/json.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'
import { unlessAborted } from '../environment/wait.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../environment/environment.ts'
import { maxAnswerBytes } from '../environment/large-answers.ts'
import { ApiError } from './errors.ts'
import { largeObjectIn, largeObjectPaths } from './large.ts'
import { quoted } from './source.ts'

/**
 * The pager: how every list is read. A page is bounded by its bytes, since anybody who may make objects decides how large they
 * are. It begins with few objects and asks for as many as fill a page, by what those of the last one took. A page that is too
 * large is asked for again with fewer objects, from where it began. An object that is too large even alone is not read: it is
 * passed on by its name, and the list goes on behind it. So no more than one page is in memory at a time.
 */

/** How many bytes a page is to have, and how many it may have. A thousand ordinary objects are some pages of this size. */
const pageBytes = 512 * 1024
const maxPageBytes = 1024 * 1024

/** How many objects the first page asks for, and how many any page asks for at most. */
const firstLimit = 50
const maxLimit = 500

/** How many times as many objects as the last a page may have: those behind them may be larger. */
const growth = 4

/** How many objects are asked for after a page of `limit` that had so many of them and so many bytes, or that was too large. */
export const nextLimit = (
  limit: number,
  page: { readonly objects: number; readonly bytes: number } | 'too large',
): number => {
  if (page === 'too large') return Math.max(1, Math.floor(limit / growth))
  const fitting = Math.floor(pageBytes / Math.max(1, page.bytes / Math.max(1, page.objects)))
  return Math.max(1, Math.min(fitting, limit * growth, maxLimit))
}

/** Which list is read, and how. */
export interface Listing extends Pick<ApiRequest, 'path' | 'query' | 'as' | 'lane' | 'timeoutMs'> {
  /** What the objects are called, as in `receiverhooks`. */
  readonly resource: string
  /** What is read of an object that is too large, besides who it is: paths as json-picker.ts has them. */
  readonly pick?: readonly string[]
}

/** A part of a list. */
export interface Page {
  readonly objects: readonly StoredObject[]
  /** The object that is too large to be read, which then is alone: who it is, and what was picked. */
  readonly large?: StoredObject
  /** How many items are no objects. */
  readonly malformed: number
  /** How long the answer is, in bytes. */
  readonly bytes: number
  /** The version of the whole list, from which a watch misses nothing. */
  readonly version: string
}

/**
 * Reads a list, page by page. Throws ApiError (410 when that took longer than the API server remembers), Unreachable, and when
 * stopped.
 */
export async function* pagesOf(
  api: ApiConnection,
  { pick, resource, ...listing }: Listing,
  stop?: AbortSignal,
): AsyncGenerator<Page, void, undefined> {
  let limit = firstLimit
  let next: Readonly<Record<string, string>> = {}
  for (;;) {
    const request: ApiRequest = {
      ...listing,
      method: 'GET',
      query: { limit: String(limit), ...listing.query, ...next },
      // A page of one object cannot be made smaller.
      ...(limit > 1
        ? { maxBytes: maxPageBytes }
        : { maxBytes: maxAnswerBytes, pick: [...listPaths, ...largeObjectPaths(item, pick)] }),
    }
    const answered = api.request(request)
    const response = await (stop ? unlessAborted(answered, stop) : answered)
    if (response.status !== 200) throw new ApiError(response, `list of ${resource}`)
    if (response.tooLarge && limit > 1) {
      limit = nextLimit(limit, 'too large')
      continue
    }
    const { continued, ...page } = pageIn(response, resource)
    yield page
    if (continued === '') return
    next = { continue: continued }
    const objects = page.objects.length + page.malformed
    limit = page.large ? 1 : nextLimit(limit, { objects, bytes: page.bytes })
  }
}

const listPaths = ['metadata.resourceVersion', 'metadata.continue']

/** Where the one item of a page of one is. */
const item = 'items.*.'

const pageIn = (response: ApiResponse, resource: string): Page & { readonly continued: string } => {
  if (response.tooLarge) {
    const large = largeObjectIn(response.tooLarge, item)
    const version = response.tooLarge.get('metadata.resourceVersion')
    if (!large || version === undefined) {
      throw new Error(`list of ${resource}: an item is larger than ${maxAnswerBytes} bytes, and has no name or version`)
    }
    const continued = response.tooLarge.get('metadata.continue') ?? ''
    return { objects: [], large, malformed: 0, bytes: maxAnswerBytes, version, continued }
  }
  const page = tryParseJson(response.body)
  const items = at(page, 'items')
  const version = stringAt(page, 'metadata', 'resourceVersion')
  if (!Array.isArray(items) || version === undefined) {
    throw new Error(`list of ${resource}: expected items and metadata.resourceVersion, found ${quoted(response.body)}`)
  }
  const objects = items.filter(isStoredObject)
  const continued = stringAt(page, 'metadata', 'continue') ?? ''
  return { objects, malformed: items.length - objects.length, bytes: response.body.length, version, continued }
}

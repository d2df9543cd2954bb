import { at, stringAt, tryParseJson } from '../api/json.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'
import { unlessAborted } from '../environment/wait.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../environment/environment.ts'
import { maxAnswerBytes } from '../environment/large-answers.ts'
import { ApiError } from './errors.ts'
import { largeObjectIn, largeObjectPaths } from './large.ts'
import { quoted } from './source.ts'

/**
 * The pager reads every list. Pages are limited by bytes, because anybody who may create objects
 * decides how large they are.
 *
 * - It begins with few objects, then asks for as many as should fill a page, according to the
 *   last page.
 * - A page that is too large is requested again with fewer objects from the same place.
 * - A single object that is too large is not read: the pager passes on its name, and continues
 *   after it.
 *
 * So at most one page is in memory at a time.
 */

/**
 * The desired and the largest size of a page, in bytes. A list of a thousand ordinary objects has a
 * few pages.
 */
const pageBytes = 512 * 1024
const maxPageBytes = 1024 * 1024

/** How many objects the first page asks for, and how many any page asks for at most. */
const firstLimit = 50
const maxLimit = 500

/**
 * The number of requested objects grows at most by this factor from one page to the next, because
 * the next objects may be larger. After a page that is too large, the number is divided by it.
 */
const growth = 4

/**
 * Returns how many objects the next request asks for. The last one asked for `limit`. Its page had
 * this number of objects and bytes, or was too large.
 */
export const nextLimit = (
  limit: number,
  page: { readonly objects: number; readonly bytes: number } | 'too large',
): number => {
  if (page === 'too large') return Math.max(1, Math.floor(limit / growth))
  const fitting = Math.floor(pageBytes / Math.max(1, page.bytes / Math.max(1, page.objects)))
  return Math.max(1, Math.min(fitting, limit * growth, maxLimit))
}

/** The list to read, and how its pages are requested. */
export interface Listing extends Pick<ApiRequest, 'path' | 'query' | 'as' | 'lane' | 'timeoutMs'> {
  /** The plural name of the kind, such as `receiverhooks`. */
  readonly resource: string
  /** Further paths to pick from an object that is too large, in the form of json-picker.ts. */
  readonly pick?: readonly string[]
}

export interface ListPage {
  readonly objects: readonly StoredObject[]
  /** The identity and the picked members of an object that is too large. It is then alone on the page. */
  readonly large?: StoredObject
  /** How many items of the page are no valid objects. */
  readonly malformed: number
  /**
   * About the length of the answer in bytes: the length of its text, or `maxAnswerBytes` for a
   * large object.
   */
  readonly bytes: number
  /** The version of the whole list. A watch from it misses nothing. */
  readonly version: string
}

/**
 * Reads a list page by page. Throws ApiError (410 if the API server no longer has the list's
 * version), Unreachable, and the reason of `stop` once it is aborted.
 */
export async function* pagesOf(
  api: ApiConnection,
  { pick, resource, ...listing }: Listing,
  stop?: AbortSignal,
): AsyncGenerator<ListPage, void, undefined> {
  let limit = firstLimit
  let next: Readonly<Record<string, string>> = {}
  for (;;) {
    const request: ApiRequest = {
      ...listing,
      method: 'GET',
      query: { limit: String(limit), ...listing.query, ...next },
      // A page of one object cannot be made smaller. If it is too large, only its identity is read.
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

/** The beginning of each path in the only item of a page. */
const item = 'items.*.'

const pageIn = (response: ApiResponse, resource: string): ListPage & { readonly continued: string } => {
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
  const items = itemsIn(page)
  const version = stringAt(page, 'metadata', 'resourceVersion')
  if (!Array.isArray(items) || version === undefined) {
    throw new Error(`list of ${resource}: expected items and metadata.resourceVersion, found ${quoted(response.body)}`)
  }
  const objects = items.filter(isStoredObject)
  const continued = stringAt(page, 'metadata', 'continue') ?? ''
  return { objects, malformed: items.length - objects.length, bytes: response.body.length, version, continued }
}

/** Returns the items of a list. The API server answers null for those of a list of metadata without objects. */
const itemsIn = (page: unknown): unknown => {
  const items = at(page, 'items')
  return items === null ? [] : items
}

import { at, stringAt, tryParseJson } from '../api/json.ts'
import { isStoredObject } from '../api/object.ts'
import { unlessAborted } from '../environment/abort.ts'
import type { ApiRequest, Environment } from '../environment/environment.ts'
import { ApiError } from './errors.ts'
import { interner } from './intern.ts'
import { collectionPath } from './paths.ts'
import { quoted, selectorOf, type Sink, type Source } from './source.ts'

/** How many objects one answer holds. All of them are in memory at once; more of them save no time. */
const pageSize = 250

/** How long one page may take, in milliseconds. */
const pageWithinMs = 30_000

/**
 * Reads a whole list, page by page, into `sink`. Resolves with the list's version, from which a watch misses nothing.
 * Throws ApiError (410 when the list took longer than the API server remembers it), Unreachable, and when stopped.
 */
export const listAll = async (
  { api, log }: Pick<Environment, 'api' | 'log'>,
  source: Source,
  sink: Pick<Sink, 'list'>,
  stop: AbortSignal,
): Promise<string> => {
  const { resource } = source.type
  const path = collectionPath(source.type, source.namespace)
  const list = sink.list()
  const interned = interner()
  let next: Readonly<Record<string, string>> = {}
  for (;;) {
    const query = { limit: String(pageSize), ...selectorOf(source), ...next }
    const request: ApiRequest = { method: 'GET', path, query, lane: 'bulk', timeoutMs: pageWithinMs }
    const response = await unlessAborted(api.request(request), stop)
    if (response.status !== 200) throw new ApiError(response, `list of ${resource}`)
    const page = tryParseJson(response.body)
    const items = at(page, 'items')
    const version = stringAt(page, 'metadata', 'resourceVersion')
    if (!Array.isArray(items) || version === undefined) {
      throw new Error(
        `list of ${resource}: expected items and metadata.resourceVersion, found ${quoted(response.body)}`,
      )
    }
    for (const item of items) {
      if (isStoredObject(item)) list.add(interned(item))
      else log.warn({ resource }, 'an item of a list has no name, uid or resourceVersion: it is left out')
    }
    const token = stringAt(page, 'metadata', 'continue')
    if (token === undefined || token === '') {
      list.done()
      return version
    }
    next = { continue: token }
  }
}

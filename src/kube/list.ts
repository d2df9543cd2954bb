import type { Environment } from '../environment/environment.ts'
import { interner } from './intern.ts'
import { pagesOf } from './pager.ts'
import { collectionPath } from './paths.ts'
import { selectorOf, type Sink, type Source } from './source.ts'

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
  const { pick, type } = source
  const { resource } = type
  const list = sink.list()
  const interned = interner()
  let version = ''
  const listing = {
    resource,
    path: collectionPath(type, source.namespace),
    query: selectorOf(source),
    lane: 'bulk',
    timeoutMs: pageWithinMs,
    ...(pick && { pick }),
  } as const
  for await (const page of pagesOf(api, listing, stop)) {
    for (const object of page.objects) list.add(interned(object))
    if (page.large) list.addLarge(page.large)
    for (let left = page.malformed; left > 0; left -= 1) {
      log.warn({ resource }, 'an item of a list has no name, uid or resourceVersion: it is left out')
    }
    version = page.version
  }
  list.done()
  return version
}

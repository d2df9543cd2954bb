import type { ApiConnection } from '../environment/environment.ts'
import { interner } from './intern.ts'
import { pagesOf, type Page } from './pager.ts'
import { collectionPath } from './paths.ts'
import { selectorOf, type Source } from './source.ts'

/** How long one page may take, in milliseconds. */
const pageWithinMs = 30_000

/**
 * Reads the list of a source, page by page. Throws ApiError (410 when that took longer than the API server remembers), Unreachable,
 * and when stopped.
 */
export async function* listPages(
  api: ApiConnection,
  source: Source,
  stop?: AbortSignal,
): AsyncGenerator<Page, void, undefined> {
  const { pick, type } = source
  const interned = interner()
  const listing = {
    resource: type.resource,
    path: collectionPath(type, source.namespace),
    query: selectorOf(source),
    lane: 'bulk',
    timeoutMs: pageWithinMs,
    ...(pick && { pick }),
  } as const
  for await (const page of pagesOf(api, listing, stop)) yield { ...page, objects: page.objects.map(interned) }
}

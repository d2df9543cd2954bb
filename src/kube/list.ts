import type { ApiConnection } from '../environment/environment.ts'
import { interner } from './intern.ts'
import { pagesOf, type ListPage } from './pager.ts'
import { collectionPath } from './paths.ts'
import { selectorOf, type Source } from './source.ts'

/**
 * The time limit of one page, in milliseconds. A page of metadata is small, and leases end late while
 * it is missing.
 */
const pageWithinMs = 30_000
const metadataPageWithinMs = 10_000

/**
 * Reads the list of a source page by page. Throws ApiError (410 if the API server no longer has the
 * list's version), Unreachable, and the reason of `stop` once it is aborted.
 */
export async function* listPages(
  api: ApiConnection,
  source: Source,
  stop?: AbortSignal,
): AsyncGenerator<ListPage, void, undefined> {
  const { isMetadataOnly = false, pick, type } = source
  const interned = interner()
  const listing = {
    resource: type.resource,
    path: collectionPath(type, source.namespace),
    query: selectorOf(source),
    lane: 'bulk',
    timeoutMs: isMetadataOnly ? metadataPageWithinMs : pageWithinMs,
    ...(pick && { pick }),
    ...(isMetadataOnly && ({ as: 'metadata list' } as const)),
  } as const
  for await (const page of pagesOf(api, listing, stop)) yield { ...page, objects: page.objects.map(interned) }
}

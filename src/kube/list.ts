import type { ApiConnection } from '../environment/environment.ts'
import { pagesOf, type ListPage } from './pager.ts'
import { collectionPath } from './paths.ts'
import { selectorOf, type Source } from './source.ts'
import { isObject } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'

/** The longest text that is shared, in characters. Longer ones are rarely equal. */
const longest = 64

/**
 * How many texts are remembered. Without this bound, a list of different texts would take more
 * memory than sharing saves.
 */
const maxKnown = 5000

/**
 * Makes equal texts in the objects of a list share memory. The parser makes a new text each time,
 * and ten thousand hooks contain `Deployment` ten thousand times. The returned function changes an
 * object in place, so use it only right after parsing.
 */
export const interner = (): ((object: StoredObject) => StoredObject) => {
  const known = new Map<string, string>()

  const intern = (text: string): string => {
    if (text.length > longest) return text
    const first = known.get(text)
    if (first !== undefined) return first
    if (known.size >= maxKnown) known.clear()
    known.set(text, text)
    return text
  }

  const internIn = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) internAt(value, index)
    } else if (isObject(value)) {
      for (const name in value) internAt(value, name)
    }
  }

  const internAt = (within: object, name: string | number): void => {
    const member: unknown = Reflect.get(within, name)
    if (typeof member === 'string') Reflect.set(within, name, intern(member))
    else internIn(member)
  }

  return object => {
    for (const [name, member] of Object.entries(object)) {
      // Texts in metadata differ between objects, so only the namespace is shared.
      if (name !== 'metadata') internIn(member)
    }
    const { namespace } = object.metadata
    if (namespace !== undefined) Reflect.set(object.metadata, 'namespace', intern(namespace))
    return object
  }
}

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

import type { JsonObject } from '../src/api/json.ts'
import type { StoredObject } from '../src/api/object.ts'
import { apiVersionOf } from '../src/kube/paths.ts'
import type { ServerState } from './state.ts'
import { selectionOf, type Collection, type Query, type Selection } from './list.ts'
import type { StoreChange } from './store.ts'
import { expired, forbiddenValue, internalError, invalidOptions } from './status.ts'
import { represent, type Representation } from './table.ts'

/** Receives a watch's lines. `line` has no line break at its end. */
export interface WatchSink {
  line(text: string): void
  /** Called when the server ends the watch. No line follows. */
  end(): void
}

/** The interval of bookmarks, in milliseconds. */
const bookmarkEveryMs = 60_000

/** How long a watch lasts, in seconds, if its query has no `timeoutSeconds`. */
const defaultTimeoutSeconds = 1800

/**
 * Opens a watch. Returns a function that cancels it. If the query names a version that is no longer
 * kept, the watch sends an ERROR and ends. Throws a StatusError for an invalid query.
 */
export const serveWatch = (
  state: ServerState,
  collection: Collection,
  query: Query,
  as: Representation,
  sink: WatchSink,
): (() => void) => {
  const { clock, store, textOf } = state
  const { definition } = collection
  const selection = selectionOf(collection, query)
  const from = startOf(query)
  const write = (type: string, object: JsonObject): void => sink.line(JSON.stringify({ type, object }))
  const show = (type: string, object: StoredObject): void => {
    if (as === 'object') sink.line(`{"type":"${type}","object":${textOf(definition, object)}}`)
    else write(type, represent(as, definition, object, clock.now()))
  }

  if (from > 0 && from < store.compacted()) {
    write('ERROR', expired(`too old resource version: ${from} (${store.compacted()})`).body)
    sink.end()
    return () => undefined
  }
  if (from === 0)
    for (const [, object] of store.list(definition.kept, selection.prefix)) {
      if (selection.matches(object)) show('ADDED', object)
    }
  const emit = (change: StoreChange): void => {
    const seen = seenAs(selection, change)
    if (seen && change.revision > from) show(seen.type, seen.object)
  }
  if (from > 0) store.changesAfter(definition.kept, from).forEach(emit)
  const unsubscribe = store.subscribe(definition.kept, emit)

  const bookmark = (): void =>
    write('BOOKMARK', {
      kind: definition.kind,
      apiVersion: apiVersionOf(definition),
      metadata: { resourceVersion: String(Math.max(from, store.revision())), creationTimestamp: null },
    })
  const wantsBookmarks = isTrue(query['allowWatchBookmarks'])
  const stopBookmarks = wantsBookmarks ? every(state, bookmarkEveryMs, bookmark) : () => undefined
  const seconds = Number(query['timeoutSeconds'] ?? 0) || defaultTimeoutSeconds
  const stopTimer = clock.after(seconds * 1000, () => {
    cancel()
    if (wantsBookmarks) bookmark()
    sink.end()
  })
  const cancel = (): void => {
    unsubscribe()
    stopBookmarks()
    stopTimer()
  }
  return cancel
}

export const isTrue = (text: string | undefined): boolean => text !== undefined && !/^(?:false|0)$/i.test(text)

/** Returns the version after which changes are sent. 0: the watch begins with all objects. */
const startOf = (query: Query): number => {
  if (query['sendInitialEvents'] !== undefined) {
    // Streaming lists are refused, so clients list first.
    const detail = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled'
    throw invalidOptions('ListOptions', forbiddenValue('sendInitialEvents', detail))
  }
  const text = query['resourceVersion'] ?? ''
  if (text === '') return 0
  if (/^\d+$/.test(text)) return Number(text)
  throw internalError(
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}

/**
 * Returns a change as a selection sees it: an object that begins to match counts as added, one that
 * no longer matches as deleted. Undefined if the selection does not see the change.
 */
const seenAs = (
  { prefix, matches }: Selection,
  { type, object, before, revision }: StoreChange,
): { readonly type: StoreChange['type']; readonly object: StoredObject } | undefined => {
  const { namespace, name } = object.metadata
  if (!`${namespace ?? ''}/${name}`.startsWith(prefix)) return undefined
  const did = before !== undefined && matches(before)
  const does = type !== 'DELETED' && matches(object)
  if (does) return { type: did ? 'MODIFIED' : 'ADDED', object }
  if (!did) return undefined
  const resourceVersion = String(revision)
  return { type: 'DELETED', object: { ...before, metadata: { ...before.metadata, resourceVersion } } }
}

/** Calls `run` every `ms` milliseconds, until the returned function is called. */
const every = ({ clock }: ServerState, ms: number, run: () => void): (() => void) => {
  let cancel = clock.after(ms, function again() {
    cancel = clock.after(ms, again)
    run()
  })
  return () => cancel()
}

import { at, stringAt, tryParseJson } from '../api/json.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'
import { fraction } from '../environment/chance.ts'
import type { ApiRequest, Clock, Environment } from '../environment/environment.ts'
import { Unreachable, WatchRefused } from '../environment/unreachable.ts'
import { collectionPath } from './paths.ts'
import { quoted, selectorOf, type Source } from './source.ts'

/** What a watch tells; `version` is where to resume after it. A bookmark tells only that. */
export type WatchEvent =
  | { readonly type: 'put' | 'remove'; readonly object: StoredObject; readonly version: string }
  | { readonly type: 'bookmark'; readonly version: string }

/** A line of a watch that is no event: what else was missed is not known. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent'
}

/** How long the head of the answer may take. A watch that lives longer without an error is truly open. */
export const openWithinMs = 5_000

/** The API server sends a bookmark about every 60 s; a watch that is silent for longer than this is dead. */
export const silenceMs = 75_000

/** A watch that ends sooner, even in order, did no good: to reopen it at once could go on for ever. */
const uselessMs = 1_000

/** The API server ends a watch in order after about this long; spread, so that not all end at once. */
const watchSeconds = { least: 270, spread: 30 }

/**
 * Watches from the version `from` on. Ends when the API server ends the watch in order, or when `stop` is aborted.
 * Throws WatchRefused (410: that version is gone), Unreachable when it is cut or silent, and MalformedEvent.
 */
export async function* watchEvents(
  environment: Environment,
  source: Source,
  from: string,
  stop: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { api, clock } = environment
  const { resource } = source.type
  const openedAt = clock.monotonic()
  const silence = new AbortController()
  const watchdog = onSilence(clock, () => silence.abort())
  try {
    for await (const line of api.watch(
      watchRequest(environment, source, from),
      AbortSignal.any([stop, silence.signal]),
    )) {
      watchdog.heard()
      yield parseEvent(line, resource)
    }
  } finally {
    watchdog.cancel()
  }
  if (stop.aborted) return
  if (silence.signal.aborted) throw new Unreachable(`watch of ${resource}: silent for ${silenceMs / 1000} s`, true)
  if (clock.monotonic() - openedAt < uselessMs) throw new Unreachable(`watch of ${resource}: ended at once`, true)
}

const watchRequest = ({ random }: Environment, source: Source, resourceVersion: string): ApiRequest => ({
  method: 'GET',
  path: collectionPath(source.type, source.namespace),
  query: {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(Math.floor(watchSeconds.least + watchSeconds.spread * fraction(random))),
    ...selectorOf(source),
  },
  lane: 'watch',
  timeoutMs: openWithinMs,
})

/** Calls `silent` once nothing was heard for too long. One timer for the whole watch, not one for each line. */
const onSilence = (clock: Clock, silent: () => void): { heard(): void; cancel(): void } => {
  let heardAt = clock.monotonic()
  const look = (): void => {
    const left = heardAt + silenceMs - clock.monotonic()
    if (left <= 0) silent()
    else cancel = clock.after(left, look)
  }
  let cancel = clock.after(silenceMs, look)
  return { heard: () => void (heardAt = clock.monotonic()), cancel: () => cancel() }
}

const parseEvent = (line: string, resource: string): WatchEvent => {
  const event = tryParseJson(line)
  const type = stringAt(event, 'type')
  const object = at(event, 'object')
  if (type === 'ERROR') {
    throw new WatchRefused(
      Number(at(object, 'code')),
      `watch of ${resource}: ${stringAt(object, 'message') ?? quoted(line)}`,
    )
  }
  const version = stringAt(object, 'metadata', 'resourceVersion')
  if (version !== undefined) {
    if (type === 'BOOKMARK') return { type: 'bookmark', version }
    if (type === 'DELETED' && isStoredObject(object)) return { type: 'remove', object, version }
    if ((type === 'ADDED' || type === 'MODIFIED') && isStoredObject(object)) return { type: 'put', object, version }
  }
  throw new MalformedEvent(`watch of ${resource}: expected an event, found ${quoted(line)}`)
}

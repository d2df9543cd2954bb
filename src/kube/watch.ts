import { at, stringAt, tryParseJson } from '../api/json.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'
import { fraction } from '../environment/chance.ts'
import type { ApiRequest, ApiResponse, Clock, Environment, Picked } from '../environment/environment.ts'
import { Unreachable, WatchRefused } from '../environment/unreachable.ts'
import { largeObjectIn, largeObjectPaths } from './large.ts'
import { collectionPath } from './paths.ts'
import { quoted, selectorOf, type Source } from './source.ts'

/**
 * An event of a watch. A watch that is resumed from `version` continues after the event. A bookmark
 * has no object. If an object is too large, `object` has only its identity and the source's picked
 * members.
 */
export type WatchEvent =
  | { readonly type: 'put large'; readonly object: StoredObject; readonly version: string }
  | { readonly type: 'put' | 'remove'; readonly object: StoredObject; readonly version: string }
  | { readonly type: 'bookmark'; readonly version: string }

/** A line of a watch that is no event. Other events may be missing too. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent'
}

/**
 * The time limit of the answer's head, in milliseconds. A watch counts as open after this time
 * without an error.
 */
export const openWithinMs = 5_000

/** The longest silence of a watch, in milliseconds. The API server sends a bookmark about every 60 s. */
const silenceMs = 75_000

/**
 * The shortest life of a useful watch, in milliseconds. A watch that ends earlier counts as failed,
 * even without an error: reopening it at once could become a loop.
 */
const uselessMs = 1_000

/**
 * The duration after which the API server ends a watch, in seconds. It is random, so that not all
 * end at once.
 */
const watchSeconds = { least: 270, spread: 30 }

export interface OpenWatch {
  /**
   * Ends when the API server ends the watch without an error, or when it is stopped. Throws
   * WatchRefused (410: the version is gone), Unreachable if it is cut, silent or closed, and
   * MalformedEvent.
   */
  readonly events: AsyncGenerator<WatchEvent, void, undefined>
  /**
   * Sends a request to the API server of the watch. Never rejects. `cannot be asked`: the
   * connection carries only the watch, as with HTTP/1.1.
   */
  readonly ask: (request: ApiRequest) => Promise<ApiResponse | 'no answer' | 'cannot be asked'>
  /**
   * Closes the watch and its connection. `events` then throws Unreachable with `why` in its
   * message, or WatchRefused with the status 410 if the objects have to be listed again.
   */
  readonly giveUp: (why: string, then?: 'list again') => void
  /** Returns the version up to which the watch has reported, at first the one that it began with. */
  readonly version: () => string
}

/** Watches from the version `from` until `stop` is aborted. */
export const openWatch = (
  environment: Pick<Environment, 'api' | 'clock' | 'random'>,
  source: Source,
  from: string,
  stop: AbortSignal,
): OpenWatch => {
  const { api, clock } = environment
  const { resource } = source.type
  const cut = new AbortController()
  let why: string | undefined
  let listsAgain = false
  let version = from
  const giveUp = (reason: string, then?: 'list again'): void => {
    why ??= reason
    listsAgain ||= then === 'list again'
    cut.abort()
  }
  const watch = api.watch(watchRequest(environment, source, from), AbortSignal.any([stop, cut.signal]))

  const events = async function* (): AsyncGenerator<WatchEvent, void, undefined> {
    const openedAt = clock.monotonic()
    const watchdog = onSilence(clock, () => giveUp(`silent for ${silenceMs / 1000} s`))
    try {
      for await (const line of watch) {
        watchdog.heard()
        const event = typeof line === 'string' ? parseEvent(line, resource) : largeEvent(line, resource)
        version = event.version
        yield event
      }
    } finally {
      watchdog.cancel()
    }
    if (stop.aborted) return
    if (listsAgain) throw new WatchRefused(410, `watch of ${resource}: ${why}`)
    if (why !== undefined) throw new Unreachable(`watch of ${resource}: ${why}`, true)
    if (clock.monotonic() - openedAt < uselessMs) throw new Unreachable(`watch of ${resource}: ended at once`, true)
  }

  return {
    events: events(),
    ask: async request => {
      try {
        return (await watch.ask(request)) ?? 'cannot be asked'
      } catch (error) {
        if (error instanceof Unreachable) return 'no answer'
        throw error
      }
    },
    giveUp,
    version: () => version,
  }
}

const watchRequest = (
  { random }: Pick<Environment, 'random'>,
  source: Source,
  resourceVersion: string,
): ApiRequest => ({
  method: 'GET',
  path: collectionPath(source.type, source.namespace),
  query: {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(Math.floor(watchSeconds.least + watchSeconds.spread * fraction(random))),
    ...selectorOf(source),
  },
  pick: ['type', ...largeObjectPaths(eventObject, source.pick)],
  ...(source.isMetadataOnly === true && { as: 'metadata' }),
  lane: 'watch',
  timeoutMs: openWithinMs,
})

/** The beginning of each path in an event's object. */
const eventObject = 'object.'

/**
 * Calls `silent` if `heard` was not called for {@link silenceMs}. It uses one timer for the watch,
 * not one for each line.
 */
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

/**
 * Returns whether a watch can be resumed from this version. The API server would refuse any other
 * text forever.
 */
const isVersion = (text: string): boolean => /^[0-9]+$/.test(text)

/** Returns the event for an object that is too large. The watch continues after it. */
const largeEvent = (picked: Picked, resource: string): WatchEvent => {
  const type = picked.get('type')
  const object = largeObjectIn(picked, eventObject)
  const version = object?.metadata.resourceVersion
  if (object && version !== undefined && isVersion(version)) {
    if (type === 'DELETED') return { type: 'remove', object, version }
    if (type === 'ADDED' || type === 'MODIFIED') return { type: 'put large', object, version }
  }
  throw new MalformedEvent(`watch of ${resource}: an event is too large to read, and has no name or version`)
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
  if (version !== undefined && isVersion(version)) {
    if (type === 'BOOKMARK') return { type: 'bookmark', version }
    if (type === 'DELETED' && isStoredObject(object)) return { type: 'remove', object, version }
    if ((type === 'ADDED' || type === 'MODIFIED') && isStoredObject(object)) return { type: 'put', object, version }
  }
  throw new MalformedEvent(`watch of ${resource}: expected an event, found ${quoted(line)}`)
}

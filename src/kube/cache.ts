import type { StoredObject } from '../api/object.ts'
import type { Environment } from '../environment/environment.ts'
import { follow, type Follow } from './follow.ts'
import type { Sink, Source } from './source.ts'

/** What a watch keeps of a type's objects, always as the API server has them, but for the time a change travels. */
export interface Cache<T> {
  /** Whether all objects have been read once; stays true. */
  synced(): boolean
  /**
   * Whether all that was stored until a moment ago is known to be here ({@link currentForMs}). While not, changes may be
   * missing, however alive the watch seems: read live what must be right. Whoever asks makes it be proven for a while.
   */
  fresh(): boolean
  /** Says why the objects cannot be read, or are not watched, at the moment; undefined while they are. */
  trouble(): string | undefined
  get(namespace: string, name: string): T | undefined
  values(): IterableIterator<T>
  readonly size: number
  /** How many whole lists have been read: whoever is not told of a change may still be missing in the newest. */
  readonly lists: number
  /** Calls `listener` for every later change, in order. It should only take note: it runs before the next change. */
  subscribe(listener: (change: Change<T>) => void): void
  /** Lists and watches until `stop` is aborted. Never rejects. Call it once. */
  run(stop: AbortSignal): Promise<void>
}

/** A new object has no `before`, and a deleted one, or one that is no longer kept, no `now`. */
export interface Change<T> {
  /** Empty for objects outside of namespaces. */
  readonly namespace: string
  readonly name: string
  readonly before: T | undefined
  readonly now: T | undefined
}

/** How objects become what is kept of them. */
export interface Keeping<T> {
  readonly keep: (object: StoredObject) => T | undefined
  readonly keepLarge?: (object: StoredObject) => T | undefined
}

interface Entry<T> {
  readonly namespace: string
  readonly name: string
  readonly version: string
  readonly value: T
}

/**
 * A cache of the objects of `source`. `keep` turns each into what is kept of it, so that nothing else stays in memory;
 * what it answers undefined for, or throws at, is not kept. `keepLarge` does the same with an object that is too large to be
 * read, of which there is no more than who it is and what the source picks; without it, none is kept. Unless it gets another way
 * to follow them, it lists and watches by itself.
 */
export const watchedCache = <T>(
  environment: Environment,
  source: Source & Keeping<T>,
  followedBy: Follow = follow,
): Cache<T> => {
  const { log } = environment
  const { resource } = source.type
  const listeners: ((change: Change<T>) => void)[] = []
  let entries = new Map<string, Entry<T>>()
  let lists = 0

  const entryOf = (object: StoredObject, keep: Keeping<T>['keep'] | undefined): Entry<T> | undefined => {
    const { name, namespace = '', resourceVersion } = object.metadata
    try {
      const value = keep?.(object)
      return value === undefined ? undefined : { namespace, name, version: resourceVersion, value }
    } catch (error) {
      log.error({ resource, namespace, name, error }, 'an object cannot be read, it is left out')
      return undefined
    }
  }

  const logLarge = ({ metadata: { name, namespace } }: StoredObject): void =>
    log.warn({ resource, namespace, name }, 'an object is too large to be read')

  const notify = (before: Entry<T> | undefined, now: Entry<T> | undefined): void => {
    const subject = now ?? before
    if (subject === undefined || before?.version === now?.version) return
    const { namespace, name } = subject
    for (const listener of listeners) {
      try {
        listener({ namespace, name, before: before?.value, now: now?.value })
      } catch (error) {
        log.error({ resource, namespace, name, error }, 'a listener failed at a change')
      }
    }
  }

  const set = (object: StoredObject, now: Entry<T> | undefined): void => {
    const key = entryKey(object.metadata.namespace ?? '', object.metadata.name)
    const before = entries.get(key)
    if (now === undefined) entries.delete(key)
    else if (now.version !== before?.version) entries.set(key, now)
    notify(before, now)
  }

  const replaceAll = (listed: Map<string, Entry<T>>): void => {
    const old = entries
    for (const [key, entry] of listed) {
      const before = old.get(key)
      // What has not changed stays the very same value.
      if (before?.version === entry.version) listed.set(key, before)
    }
    entries = listed
    lists += 1
    for (const [key, before] of old) if (!listed.has(key)) notify(before, undefined)
    for (const [key, entry] of listed) notify(old.get(key), entry)
  }

  const sink: Sink = {
    list: () => {
      const listed = new Map<string, Entry<T>>()
      const add = (object: StoredObject, keep: Keeping<T>['keep'] | undefined): void => {
        const entry = entryOf(object, keep)
        if (entry !== undefined) listed.set(entryKey(entry.namespace, entry.name), entry)
      }
      return {
        add: object => add(object, source.keep),
        addLarge: object => {
          logLarge(object)
          add(object, source.keepLarge)
        },
        done: () => replaceAll(listed),
      }
    },
    put: object => set(object, entryOf(object, source.keep)),
    putLarge: object => {
      logLarge(object)
      set(object, entryOf(object, source.keepLarge))
    },
    remove: object => set(object, undefined),
  }

  const following = followedBy(environment, source, sink)
  return {
    synced: following.synced,
    fresh: following.fresh,
    trouble: following.trouble,
    get: (namespace, name) => entries.get(entryKey(namespace, name))?.value,
    values: function* () {
      for (const { value } of entries.values()) yield value
    },
    get size() {
      return entries.size
    },
    get lists() {
      return lists
    },
    subscribe: listener => void listeners.push(listener),
    run: following.run,
  }
}

/** A slash is in no name. */
const entryKey = (namespace: string, name: string): string => `${namespace}/${name}`

/**
 * This folder has what the product needs of the Kubernetes API: requests, lists and watches, caches
 * with a proof that they are current, leader election, Events, access reviews, errors. It knows
 * nothing of deliveries, and imports only `environment` and `api`.
 */

import type { StoredObject } from '../api/object.ts'
import type { Environment, Log } from '../environment/environment.ts'
import { follow, type Follow, type Following } from './follow.ts'
import type { Source } from './source.ts'
import type { ObjectChange } from './watch-objects.ts'

/** The objects of a source in memory, kept up to date by a watch. */
export interface Cache<T> extends Following {
  /** As of {@link Following}: about the objects of one namespace, or about all. */
  readonly synced: (namespace?: string) => boolean
  readonly fresh: (namespace?: string) => boolean
  readonly proven: (namespace?: string) => boolean
  get(namespace: string, name: string): T | undefined
  values(): IterableIterator<T>
  readonly size: number
  /**
   * How many complete lists have been read. If the number rises, an object may be gone although no
   * watch has reported its deletion.
   */
  readonly lists: number
  /**
   * Calls `listener` for each later change, in order. It must be fast, because it runs before the
   * next change.
   */
  subscribe(listener: (change: CacheChange<T>) => void): void
}

/**
 * A change of a cached object. A new object has no `before`. A deleted one, or one that is no
 * longer kept, has no `now`.
 */
export interface CacheChange<T> {
  /** The namespace of the object. Empty for cluster-scoped objects. */
  readonly namespace: string
  readonly name: string
  readonly before: T | undefined
  readonly now: T | undefined
}

/** The functions that convert objects to the values in the cache. */
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
 * Keeps the objects of a source up to date with a watch. `keep` converts each object, so that
 * nothing else stays in memory. If it returns undefined or throws, the object is not kept.
 * `keepLarge` does the same for an object that is too large to be read, which has only its identity
 * and the source's picked members. Without it, such objects are not kept.
 */
class WatchedCache<T> implements Cache<T> {
  readonly synced: Following['synced']
  readonly fresh: Following['fresh']
  readonly proven: Following['proven']
  readonly problem: Following['problem']
  readonly run: Following['run']
  readonly #log: Log
  readonly #resource: string
  readonly #keeping: Keeping<T>
  readonly #listeners: ((change: CacheChange<T>) => void)[] = []
  #entries = new Map<string, Entry<T>>()
  /** The objects of the list that is being read. */
  #listed = new Map<string, Entry<T>>()
  #lists = 0

  constructor(environment: Environment, source: Source & Keeping<T>, followedBy: Follow) {
    this.#log = environment.log
    this.#resource = source.type.resource
    this.#keeping = source
    const { fresh, proven, run, synced, problem } = followedBy(environment, source, change => this.#take(change))
    this.synced = synced
    this.fresh = fresh
    this.proven = proven
    this.problem = problem
    this.run = run
  }

  get(namespace: string, name: string): T | undefined {
    return this.#entries.get(entryKey(namespace, name))?.value
  }

  *values(): IterableIterator<T> {
    for (const { value } of this.#entries.values()) yield value
  }

  get size(): number {
    return this.#entries.size
  }

  get lists(): number {
    return this.#lists
  }

  subscribe(listener: (change: CacheChange<T>) => void): void {
    this.#listeners.push(listener)
  }

  #take(change: ObjectChange): void {
    switch (change.type) {
      case 'list':
      case 'cut':
        this.#listed = new Map()
        return
      case 'page':
        for (const object of change.objects) this.#list(this.#entryOf(object, this.#keeping.keep))
        if (change.large) this.#list(this.#largeEntryOf(change.large))
        return
      case 'listed':
        return this.#replaceAll()
      case 'put':
        return this.#set(change.object, this.#entryOf(change.object, this.#keeping.keep))
      case 'put large':
        return this.#set(change.object, this.#largeEntryOf(change.object))
      case 'remove':
        return this.#set(change.object, undefined)
      case 'bookmark':
        return
    }
  }

  #list(entry: Entry<T> | undefined): void {
    if (entry) this.#listed.set(entryKey(entry.namespace, entry.name), entry)
  }

  #set(object: StoredObject, now: Entry<T> | undefined): void {
    const key = entryKey(object.metadata.namespace ?? '', object.metadata.name)
    const before = this.#entries.get(key)
    if (now === undefined) this.#entries.delete(key)
    else if (now.version !== before?.version) this.#entries.set(key, now)
    this.#notify(before, now)
  }

  #replaceAll(): void {
    const [old, listed] = [this.#entries, this.#listed]
    for (const [key, entry] of listed) {
      const before = old.get(key)
      // For an object whose version has not changed, the cache keeps the earlier value.
      if (before?.version === entry.version) listed.set(key, before)
    }
    this.#entries = listed
    this.#listed = new Map()
    this.#lists += 1
    for (const [key, before] of old) if (!listed.has(key)) this.#notify(before, undefined)
    for (const [key, entry] of listed) this.#notify(old.get(key), entry)
  }

  #entryOf(object: StoredObject, keep: Keeping<T>['keep'] | undefined): Entry<T> | undefined {
    const { name, namespace = '', resourceVersion } = object.metadata
    try {
      const value = keep?.(object)
      return value === undefined ? undefined : { namespace, name, version: resourceVersion, value }
    } catch (error) {
      this.#log.error({ resource: this.#resource, namespace, name, error }, "can't read an object, so it is left out")
      return undefined
    }
  }

  #largeEntryOf(object: StoredObject): Entry<T> | undefined {
    const { name, namespace } = object.metadata
    this.#log.warn({ resource: this.#resource, namespace, name }, 'an object is too large to read')
    return this.#entryOf(object, this.#keeping.keepLarge)
  }

  #notify(before: Entry<T> | undefined, now: Entry<T> | undefined): void {
    const subject = now ?? before
    if (subject === undefined || before?.version === now?.version) return
    const { namespace, name } = subject
    for (const listener of this.#listeners) {
      try {
        listener({ namespace, name, before: before?.value, now: now?.value })
      } catch (error) {
        this.#log.error({ resource: this.#resource, namespace, name, error }, 'a listener failed on a change')
      }
    }
  }
}

/** Makes a cache of the objects of `source`. By default the cache has a list and a watch of its own. */
export const watchedCache = <T>(
  environment: Environment,
  source: Source & Keeping<T>,
  followedBy: Follow = follow,
): Cache<T> => new WatchedCache(environment, source, followedBy)

/** Returns an object's key. No name contains a slash. */
const entryKey = (namespace: string, name: string): string => `${namespace}/${name}`

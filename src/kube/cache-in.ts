import type { Environment } from '../environment/environment.ts'
import { watchedCache, type Cache, type CacheChange, type Keeping } from './cache.ts'
import type { Follow } from './follow.ts'
import type { Source } from './source.ts'

/** The caches of several namespaces as one. Each has a list and a watch of its own. */
class CacheOfNamespaces<T> implements Cache<T> {
  readonly #caches: ReadonlyMap<string, Cache<T>>
  readonly #all: readonly Cache<T>[]

  constructor(caches: ReadonlyMap<string, Cache<T>>) {
    this.#caches = caches
    this.#all = [...caches.values()]
  }

  /**
   * Returns whether a namespace has been read. Without one, whether all have been read that may be: if a
   * namespace is deleted, its Roles go too, and the others don't wait for it.
   */
  readonly synced = (namespace?: string): boolean =>
    namespace === undefined
      ? this.#all.some(cache => cache.synced()) &&
        this.#all.every(cache => cache.synced() || cache.problem() !== undefined)
      : this.#every(namespace, cache => cache.synced())

  readonly fresh = (namespace?: string): boolean => this.#every(namespace, cache => cache.fresh())

  readonly proven = (namespace?: string): boolean => this.#every(namespace, cache => cache.proven())

  readonly problem = (): string | undefined =>
    this.#all.map(cache => cache.problem()).find(problem => problem !== undefined)

  readonly run = async (stop: AbortSignal): Promise<void> => {
    await Promise.all(this.#all.map(cache => cache.run(stop)))
  }

  get(namespace: string, name: string): T | undefined {
    return this.#caches.get(namespace)?.get(namespace, name)
  }

  *values(): IterableIterator<T> {
    for (const cache of this.#all) yield* cache.values()
  }

  get size(): number {
    return this.#all.reduce((sum, { size }) => sum + size, 0)
  }

  get lists(): number {
    return this.#all.reduce((sum, { lists }) => sum + lists, 0)
  }

  subscribe(listener: (change: CacheChange<T>) => void): void {
    for (const cache of this.#all) cache.subscribe(listener)
  }

  #every(namespace: string | undefined, is: (cache: Cache<T>) => boolean): boolean {
    if (namespace === undefined) return this.#all.every(is)
    const cache = this.#caches.get(namespace)
    return cache !== undefined && is(cache)
  }
}

/** Makes a cache of the objects of `source` in these namespaces, or in all namespaces if none is given. */
export const cacheIn = <T>(
  environment: Environment,
  namespaces: readonly string[],
  source: Omit<Source, 'namespace'> & Keeping<T>,
  followedBy?: Follow,
): Cache<T> => {
  const inOne = (namespace: string): Cache<T> => watchedCache(environment, { ...source, namespace }, followedBy)
  const [first] = namespaces
  if (first === undefined) return watchedCache(environment, source, followedBy)
  if (namespaces.length === 1) return inOne(first)
  return new CacheOfNamespaces(new Map(namespaces.map(namespace => [namespace, inOne(namespace)])))
}

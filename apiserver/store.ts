import { listAt, stringAt } from '../src/api/json.ts'
import type { StoredObject } from '../src/api/object.ts'
import type { Clock } from '../src/environment/environment.ts'

/**
 * One write, as watches see it. `object` is the new state. For a deletion, it is the last state,
 * with the version of the deletion.
 */
export interface StoreChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  readonly object: StoredObject
  readonly before: StoredObject | undefined
}

/** The place of an object. `kept` names the collection, such as `apps/deployments`. */
export interface StorePlace {
  readonly kept: string
  /** `namespace/name`. The namespace is empty for cluster-scoped objects. */
  readonly key: string
}

export const storeKey = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`

/** Objects and their history under one increasing version, like in etcd. */
export interface Store {
  /** Returns the version of the last write. */
  revision(): number
  /** Returns the first version that can still be read. */
  compacted(): number
  get(place: StorePlace): StoredObject | undefined
  /**
   * Returns the objects whose key begins with `prefix`, ordered by key. If `revision` is given,
   * they have their state at that version.
   */
  list(kept: string, prefix: string, revision?: number): (readonly [key: string, object: StoredObject])[]
  /** Stores an object, new or as a replacement, and sets its version. */
  put(place: StorePlace, object: StoredObject): StoredObject
  remove(place: StorePlace): StoredObject | undefined
  /** Returns the changes of a collection after a version that is not compacted. */
  changesAfter(kept: string, revision: number): StoreChange[]
  /**
   * Passes each later change of a collection to `listener`, in order. Returns a function that ends
   * the subscription.
   */
  subscribe(kept: string, listener: (change: StoreChange) => void): () => void
  /** Returns the places of all objects with `uid` as an owner. */
  ownedBy(uid: string): StorePlace[]
  /** Returns the places of all objects in a namespace. */
  inNamespace(namespace: string): StorePlace[]
  /** Returns what is stored now. */
  snapshot(): Snapshot
}

/** All objects as they were at a version. */
export interface Snapshot {
  readonly revision: number
  readonly objects: readonly (readonly [StorePlace, StoredObject])[]
}

interface Version {
  readonly revision: number
  readonly object: StoredObject | undefined
}

interface Collection {
  readonly objects: Map<string, StoredObject>
  readonly versions: Map<string, Version[]>
  readonly listeners: Set<(change: StoreChange) => void>
  /** The keys of all objects with a version, sorted. Undefined if they must be sorted again. */
  sorted: readonly string[] | undefined
}

interface LogEntry {
  readonly at: number
  readonly place: StorePlace
  readonly change: StoreChange
}

/**
 * Makes a store that drops versions older than `historyMs` milliseconds of the monotonic clock. With a
 * snapshot, it begins with the objects and the version of the snapshot, and has no older versions.
 */
export const createStore = (clock: Clock, historyMs: number, from?: Snapshot): Store => {
  const collections = new Map<string, Collection>()
  const owned = new Map<string, Map<string, StorePlace>>()
  const log = createLog(clock, historyMs, entry => dropVersions(collectionOf(entry.place.kept), entry))
  const publish = createPublisher(place => collectionOf(place.kept).listeners)
  // Versions begin at 1, because a client that asks for 0 means any version.
  let revision = from?.revision ?? 1

  const collectionOf = (kept: string): Collection => {
    let collection = collections.get(kept)
    if (!collection) {
      collection = { objects: new Map(), versions: new Map(), listeners: new Set(), sorted: undefined }
      collections.set(kept, collection)
    }
    return collection
  }

  const record = (place: StorePlace, change: StoreChange): void => {
    const collection = collectionOf(place.kept)
    const object = change.type === 'DELETED' ? undefined : change.object
    const history = collection.versions.get(place.key)
    if (history) history.push({ revision: change.revision, object })
    else {
      collection.versions.set(place.key, [{ revision: change.revision, object }])
      collection.sorted = undefined
    }
    if (object) collection.objects.set(place.key, object)
    else collection.objects.delete(place.key)
    index(owned, place, change)
    log.add({ at: clock.monotonic(), place, change })
    publish(place, change)
  }

  for (const [place, object] of from?.objects ?? []) {
    const { objects, versions } = collectionOf(place.kept)
    objects.set(place.key, object)
    versions.set(place.key, [{ revision: Number(object.metadata.resourceVersion), object }])
    index(owned, place, { type: 'ADDED', revision, object, before: undefined })
  }

  return {
    revision: () => revision,
    compacted: () => Math.max(log.compacted(), from?.revision ?? 0),
    get: place => collections.get(place.kept)?.objects.get(place.key),
    list: (kept, prefix, at) => {
      const collection = collectionOf(kept)
      log.trim()
      collection.sorted ??= [...collection.versions.keys()].sort()
      return collection.sorted.flatMap(key => {
        if (!key.startsWith(prefix)) return []
        const object = at === undefined ? collection.objects.get(key) : asOf(collection.versions.get(key), at)
        return object ? [[key, object] as const] : []
      })
    },
    put: (place, object) => {
      const before = collectionOf(place.kept).objects.get(place.key)
      revision += 1
      const stored = withVersion(object, revision)
      record(place, { type: before ? 'MODIFIED' : 'ADDED', revision, object: stored, before })
      return stored
    },
    remove: place => {
      const before = collectionOf(place.kept).objects.get(place.key)
      if (!before) return undefined
      revision += 1
      const last = withVersion(before, revision)
      record(place, { type: 'DELETED', revision, object: last, before })
      return last
    },
    changesAfter: (kept, after) => log.after(after).flatMap(entry => (entry.place.kept === kept ? [entry.change] : [])),
    subscribe: (kept, listener) => {
      const { listeners } = collectionOf(kept)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    ownedBy: uid => [...(owned.get(uid)?.values() ?? [])],
    snapshot: () => snapshotOf(collections, revision),
    inNamespace: namespace =>
      [...collections].flatMap(([kept, { objects }]) =>
        [...objects.keys()].filter(key => key.startsWith(`${namespace}/`)).map(key => ({ kept, key })),
      ),
  }
}

const snapshotOf = (collections: ReadonlyMap<string, Collection>, revision: number): Snapshot => ({
  revision,
  objects: [...collections].flatMap(([kept, { objects }]) =>
    [...objects].map(([key, object]) => [{ kept, key }, object] as const),
  ),
})

const withVersion = (object: StoredObject, revision: number): StoredObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
})

/** Returns the state of an object at a version. Undefined if it did not exist then. */
const asOf = (history: readonly Version[] | undefined, revision: number): StoredObject | undefined =>
  history?.findLast(version => version.revision <= revision)?.object

/** Drops the versions before a compacted change, and the key if only a deletion is left. */
const dropVersions = (collection: Collection, { place, change }: LogEntry): void => {
  const history = collection.versions.get(place.key)
  if (!history) return
  const kept = history.findIndex(version => version.revision >= change.revision)
  if (kept > 0) history.splice(0, kept)
  const [first, ...later] = history.slice(0, 2)
  if (first && first.object === undefined && later.length === 0) {
    collection.versions.delete(place.key)
    collection.sorted = undefined
  }
}

/**
 * Keeps the changes of the last `historyMs` milliseconds, oldest first. Calls `forget` with each
 * older change that it drops.
 */
const createLog = (clock: Clock, historyMs: number, forget: (entry: LogEntry) => void) => {
  const entries: LogEntry[] = []
  let first = 0
  let compacted = 0

  const trim = (): void => {
    const oldest = clock.monotonic() - historyMs
    for (let entry = entries[first]; entry !== undefined && entry.at < oldest; entry = entries[first]) {
      compacted = entry.change.revision
      forget(entry)
      first += 1
    }
    // Moving the array takes time linear in its length, so wait until half of it is dropped.
    if (first > 1024 && first > entries.length / 2) {
      entries.splice(0, first)
      first = 0
    }
  }

  return {
    trim,
    compacted: (): number => {
      trim()
      return compacted
    },
    add: (entry: LogEntry): void => {
      entries.push(entry)
      trim()
    },
    after: (revision: number): LogEntry[] => {
      let low = first
      let high = entries.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((entries[middle]?.change.revision ?? Infinity) <= revision) low = middle + 1
        else high = middle
      }
      return entries.slice(low)
    },
  }
}

/** Publishes changes in order, even if a listener writes while it receives one. */
const createPublisher = (listenersOf: (place: StorePlace) => ReadonlySet<(change: StoreChange) => void>) => {
  const waiting: (readonly [StorePlace, StoreChange])[] = []
  let publishing = false
  return (place: StorePlace, change: StoreChange): void => {
    waiting.push([place, change])
    if (publishing) return
    publishing = true
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        for (const listener of listenersOf(next[0])) listener(next[1])
      }
    } finally {
      publishing = false
    }
  }
}

const ownerUids = (object: StoredObject | undefined): string[] =>
  listAt(object, 'metadata', 'ownerReferences').flatMap(owner => stringAt(owner, 'uid') ?? [])

/** Updates the index from owners to the objects that they own. */
const index = (owned: Map<string, Map<string, StorePlace>>, place: StorePlace, change: StoreChange): void => {
  const id = `${place.kept} ${place.key}`
  for (const uid of ownerUids(change.before)) {
    const places = owned.get(uid)
    places?.delete(id)
    if (places?.size === 0) owned.delete(uid)
  }
  if (change.type === 'DELETED') return
  for (const uid of ownerUids(change.object)) {
    const places = owned.get(uid) ?? new Map<string, StorePlace>()
    places.set(id, place)
    owned.set(uid, places)
  }
}

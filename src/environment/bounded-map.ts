/** A map that forgets the entries that were set longest ago. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined
  /** Sets an entry, which is the newest then, and forgets the oldest ones that are too many. */
  set(key: K, value: V): void
  delete(key: K): void
}

/** Makes a map of at most `most` entries. */
export const boundedMap = <K, V>(most: number): BoundedMap<K, V> => {
  const entries = new Map<K, V>()
  return {
    get: key => entries.get(key),
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, value)
      // To begin an iteration takes longer the more has been deleted.
      if (entries.size <= most) return
      for (const oldest of entries.keys()) {
        entries.delete(oldest)
        if (entries.size <= most) return
      }
    },
    delete: key => void entries.delete(key),
  }
}

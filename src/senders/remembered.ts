/** Values that were costly to come by: a bounded number of them, the oldest forgotten first. */
export interface Remembered<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
}

/** Remembers at most `most` values. */
export const remembered = <T>(most: number): Remembered<T> => {
  const values = new Map<string, T>()
  return {
    get: key => values.get(key),
    set: (key, value) => {
      values.delete(key)
      values.set(key, value)
      for (const oldest of values.keys()) {
        if (values.size <= most) return
        values.delete(oldest)
      }
    },
  }
}

/** A map of at most `max` entries, which forgets those that were set longest ago. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number

  constructor(max: number) {
    super()
    this.#max = max
  }

  /** Sets an entry as the newest, and drops the oldest if there are too many. */
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    // To start an iteration takes longer, the more entries were deleted. So this returns early.
    if (this.size <= this.#max) return this
    for (const oldest of this.keys()) {
      this.delete(oldest)
      if (this.size <= this.#max) break
    }
    return this
  }
}

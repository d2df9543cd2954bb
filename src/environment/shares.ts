/** Sums by name. A sum of 0 is not kept. */
export class Tally {
  readonly #sums = new Map<string, number>()

  of(name: string): number {
    return this.#sums.get(name) ?? 0
  }

  /** Adds to the sum of a name, and returns the new sum. */
  add(name: string, by: number): number {
    const sum = this.of(name) + by
    if (sum === 0) this.#sums.delete(name)
    else this.#sums.set(name, sum)
    return sum
  }
}

/** Places of which nobody takes more than a share, so that others find one. */
export class Shares {
  readonly #all: number
  readonly #most: readonly number[]
  readonly #taken: readonly Tally[]
  #allTaken = 0

  /** `all` is the number of places. `most` is how many of them one namespace may take, one hook, and so on. */
  constructor(all: number, ...most: readonly number[]) {
    this.#all = all
    this.#most = most
    this.#taken = most.map(() => new Tally())
  }

  /**
   * Takes a place for a namespace, a hook and so on, in the order of `most`. Returns a function that gives
   * it back, to be called once, or undefined if none is left for them.
   */
  take(...names: readonly string[]): (() => void) | undefined {
    const hasShare = names.every((name, i) => (this.#taken[i]?.of(name) ?? 0) < (this.#most[i] ?? 0))
    if (this.#allTaken >= this.#all || !hasShare) return undefined
    this.#add(names, 1)
    return () => this.#add(names, -1)
  }

  #add(names: readonly string[], by: 1 | -1): void {
    this.#allTaken += by
    for (const [i, name] of names.entries()) this.#taken[i]?.add(name, by)
  }
}

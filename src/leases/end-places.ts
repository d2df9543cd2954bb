/** The places of the ends that are made at the same time: so many in all, and so many of one target. */
export class EndPlaces {
  readonly #max: number
  readonly #maxOfTarget: number
  /** How many ends are in progress, by their targets. */
  readonly #taken = new Map<string, number>()
  #all = 0

  constructor(max: number, maxOfTarget: number) {
    this.#max = max
    this.#maxOfTarget = maxOfTarget
  }

  /** Takes a place. Returns false if none is free. */
  enter(target: string): boolean {
    const ofTarget = this.#taken.get(target) ?? 0
    if (this.#all >= this.#max || ofTarget >= this.#maxOfTarget) return false
    this.#all += 1
    this.#taken.set(target, ofTarget + 1)
    return true
  }

  /** Frees a place. */
  leave(target: string): void {
    const left = (this.#taken.get(target) ?? 1) - 1
    this.#all -= 1
    if (left > 0) this.#taken.set(target, left)
    else this.#taken.delete(target)
  }
}

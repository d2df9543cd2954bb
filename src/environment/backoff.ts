/** A wait before each further attempt, which doubles from one to the next. In milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

/** The wait after `attempts` attempts before this one, in milliseconds. */
export const waitAfter = ({ firstMs, maxMs }: Backoff, attempts: number): number =>
  Math.min(firstMs * 2 ** attempts, maxMs)

/** The waits of something that is tried again and again. */
export class Waits {
  readonly #backoff: Backoff
  #attempts = 0

  constructor(backoff: Backoff) {
    this.#backoff = backoff
  }

  /** The next wait, in milliseconds. */
  next(): number {
    return waitAfter(this.#backoff, this.#attempts++)
  }

  /** All is well again: the next wait is the first one. */
  reset(): void {
    this.#attempts = 0
  }
}

/**
 * How long an answer, or a line of a watch, may be that says nothing else, in bytes. etcd stores no object above 1.5 MiB
 * (--max-request-bytes), and custom resources are stored as the JSON in which they are answered: any of them fits. Kinds that
 * are stored as protobuf can be answered in up to six times what they take there, since JSON writes `<` and line feeds as
 * `\u003c` and `\n`; an object of such a kind that is longer than this was made to be.
 */
export const maxAnswerBytes = 2 * 1024 * 1024

/** An answer is large from this length on, in bytes. Most are some thousands, and need no place. */
export const largeFromBytes = 128 * 1024

/**
 * How many bytes of large answers a process reads at the same time. Each is in memory as bytes, as text and as objects for a
 * moment, some six times its length: so all of them take about 50 MiB of the 320 that a pod has.
 */
const largeBytesAtOnce = 8 * 1024 * 1024

/** Places for large answers, which all connections of a process share: several lists at once must not add up. */
export class LargeAnswers {
  #free: number
  readonly #most: number
  readonly #waiting: { readonly bytes: number; readonly begin: (release: () => void) => void }[] = []

  constructor(bytesAtOnce = largeBytesAtOnce) {
    this.#free = bytesAtOnce
    this.#most = bytesAtOnce
  }

  /** How many bytes are free, and how many answers wait. */
  get free(): number {
    return this.#free
  }
  get waiting(): number {
    return this.#waiting.length
  }

  /** Waits for a place for so many bytes, first come, first served. Resolves with what gives the place back. */
  take(bytes: number): Promise<() => void> {
    return new Promise(begin => {
      this.#waiting.push({ bytes: Math.min(bytes, this.#most), begin })
      this.#serve()
    })
  }

  #serve(): void {
    for (;;) {
      const [next] = this.#waiting
      if (!next || next.bytes > this.#free) return
      this.#waiting.shift()
      this.#free -= next.bytes
      let isHeld = true
      next.begin(() => {
        if (!isHeld) return
        isHeld = false
        this.#free += next.bytes
        this.#serve()
      })
    }
  }
}

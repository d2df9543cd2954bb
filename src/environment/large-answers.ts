/**
 * The default limit of an answer or of a watch's line, in bytes. etcd stores no object above 1.5
 * MiB (--max-request-bytes). Custom resources are stored as JSON, so each of them fits.
 * Other kinds are stored as protobuf. Their JSON can be six times as long, because it writes `<` as
 * `\u003c`. An object exceeds the limit only if somebody made it for that purpose.
 */
export const maxAnswerBytes = 2 * 1024 * 1024

/**
 * The length above which an answer is large, in bytes. Most answers have some thousands, and need
 * no place.
 */
export const largeFromBytes = 128 * 1024

/**
 * How many bytes of large answers a process reads at the same time. Each is briefly in memory as
 * bytes, text and objects: six times its length. So all take about 50 MiB of a pod's 320.
 */
const largeBytesAtOnce = 8 * 1024 * 1024

/**
 * Limits how many bytes of large answers are read at the same time. An answer waits until there is
 * a place for it: a number of free bytes. All connections of a process share the limit.
 */
export class LargeAnswers {
  #free: number
  readonly #most: number
  readonly #waiting: { readonly bytes: number; readonly begin: (release: () => void) => void }[] = []

  constructor(bytesAtOnce = largeBytesAtOnce) {
    this.#free = bytesAtOnce
    this.#most = bytesAtOnce
  }

  /** Returns the free bytes. `waiting` is the number of waiting answers. */
  get free(): number {
    return this.#free
  }
  get waiting(): number {
    return this.#waiting.length
  }

  /** Waits for a place of this size, in order of arrival. Resolves with a function that frees it. */
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

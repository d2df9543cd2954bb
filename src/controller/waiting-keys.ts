import { Tally } from '../environment/shares.ts'

/**
 * Keys that wait for a worker, in a queue for each namespace. The queues are served in turn, and
 * one namespace never has all workers. So a namespace with slow objects or timeouts does not delay
 * the others.
 */
export class WaitingKeys {
  readonly #lines = new Map<string, Map<string, number>>()
  /** How many keys of a namespace are being reconciled. */
  readonly #working = new Tally()
  readonly #workers: number
  #size = 0
  #busy = 0

  constructor(workers: number) {
    this.#workers = workers
  }

  get size(): number {
    return this.#size
  }

  /**
   * Adds a key at the end of its namespace's queue. `since` is the present time, in monotonic
   * milliseconds. Returns false if the key is waiting already.
   */
  add(key: string, since: number): boolean {
    const namespace = namespaceOf(key)
    const line = this.#lines.get(namespace) ?? new Map<string, number>()
    if (line.has(key)) return false
    this.#lines.set(namespace, line.set(key, since))
    this.#size += 1
    return true
  }

  /**
   * Returns the next key for a worker: the first of the namespace whose turn it is. Undefined if
   * none may begin now. The worker returns the key with {@link done}.
   */
  take(): { readonly key: string; readonly since: number } | undefined {
    // Without this check, each change of a hook would visit all namespaces while no worker is free.
    if (this.#busy >= this.#workers) return undefined
    for (const [namespace, line] of this.#lines) {
      const [first] = line
      if (!first || !this.#mayBegin(namespace)) continue
      const [key, since] = first
      line.delete(key)
      // The namespace moves behind all others.
      this.#lines.delete(namespace)
      if (line.size > 0) this.#lines.set(namespace, line)
      this.#size -= 1
      this.#busy += 1
      this.#working.add(namespace, 1)
      return { key, since }
    }
    return undefined
  }

  done(key: string): void {
    this.#working.add(namespaceOf(key), -1)
    this.#busy -= 1
  }

  clear(): void {
    this.#lines.clear()
    this.#size = 0
  }

  /**
   * Returns whether a namespace may have one more worker. It must have fewer than twice as many
   * workers as are free. Of 16 workers, the first namespace gets up to 11 and the next one 4, so
   * that one worker stays free.
   */
  #mayBegin(namespace: string): boolean {
    return this.#working.of(namespace) < 2 * (this.#workers - this.#busy)
  }
}

/** Returns the namespace of a key NAMESPACE/NAME. A key without one is its own queue. */
const namespaceOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')))

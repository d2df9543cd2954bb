/**
 * Keys that wait for a worker, in a line of its own for each namespace. The lines are served in turn, and one namespace never has
 * all workers: those of somebody whose objects take long, or whose writes time out, must not keep everybody else waiting.
 */
export class WaitingKeys {
  readonly #lines = new Map<string, Map<string, number>>()
  /** How many keys of a namespace are being worked on. */
  readonly #working = new Map<string, number>()
  readonly #workers: number
  #size = 0
  #busy = 0

  constructor(workers: number) {
    this.#workers = workers
  }

  get size(): number {
    return this.#size
  }

  /** Puts a key at the end of its line, with the moment of it. Answers whether it did not wait yet. */
  add(key: string, since: number): boolean {
    const namespace = namespaceOf(key)
    const line = this.#lines.get(namespace) ?? new Map<string, number>()
    if (line.has(key)) return false
    this.#lines.set(namespace, line.set(key, since))
    this.#size += 1
    return true
  }

  /** Takes the next key for a worker: the first one of the namespace whose turn it is. The worker gives it back with {@link done}. */
  take(): { readonly key: string; readonly since: number } | undefined {
    // Without this, each change of a hook would go through all namespaces while nobody is free.
    if (this.#busy >= this.#workers) return undefined
    for (const [namespace, line] of this.#lines) {
      const [first] = line
      if (!first || !this.#mayBegin(namespace)) continue
      const [key, since] = first
      line.delete(key)
      // Behind everybody else who waits.
      this.#lines.delete(namespace)
      if (line.size > 0) this.#lines.set(namespace, line)
      this.#size -= 1
      this.#busy += 1
      this.#working.set(namespace, this.#workingOn(namespace) + 1)
      return { key, since }
    }
    return undefined
  }

  done(key: string): void {
    const namespace = namespaceOf(key)
    const left = this.#workingOn(namespace) - 1
    if (left > 0) this.#working.set(namespace, left)
    else this.#working.delete(namespace)
    this.#busy -= 1
  }

  clear(): void {
    this.#lines.clear()
    this.#size = 0
  }

  #workingOn(namespace: string): number {
    return this.#working.get(namespace) ?? 0
  }

  /** A namespace has fewer than twice as many workers as are free: of 16, one alone has 11, the next one 4, and one is left. */
  #mayBegin(namespace: string): boolean {
    return this.#workingOn(namespace) < 2 * (this.#workers - this.#busy)
  }
}

/** A key is NAMESPACE/NAME, or what there is one of. */
const namespaceOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')))

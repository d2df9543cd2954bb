import type { LiveHook } from './hook.ts'

/** How many places there are in all, how many of them one namespace may take, and how many one hook. */
export interface Share {
  readonly all: number
  readonly ofNamespace: number
  readonly ofHook: number
}

/** Places of which no namespace and no hook takes more than its share, so that others find one. */
export class Shares {
  readonly #share: Share
  #taken = 0
  readonly #ofNamespace = new Map<string, number>()
  readonly #ofHook = new Map<string, number>()

  constructor(share: Share) {
    this.#share = share
  }

  /** Takes a place for a hook. Returns a function that gives it back, or undefined if none is left for it. */
  take({ namespace, uid }: Pick<LiveHook, 'namespace' | 'uid'>): (() => void) | undefined {
    const { all, ofHook, ofNamespace } = this.#share
    if (this.#taken >= all) return undefined
    if ((this.#ofNamespace.get(namespace) ?? 0) >= ofNamespace || (this.#ofHook.get(uid) ?? 0) >= ofHook) {
      return undefined
    }
    this.#taken += 1
    add(this.#ofNamespace, namespace, 1)
    add(this.#ofHook, uid, 1)
    return () => {
      this.#taken -= 1
      add(this.#ofNamespace, namespace, -1)
      add(this.#ofHook, uid, -1)
    }
  }
}

/** Adds to the count of a key. A count of 0 is not kept. */
const add = (counts: Map<string, number>, key: string, by: 1 | -1): void => {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

/** One queue for each owner. The owners are served in turn. */
export interface FairQueue<T extends QueuedItem> {
  readonly size: number
  /**
   * Adds an item at the end of its owner's queue. Returns the items that have no room. That is the
   * new item if its owner has `maxOfOne` items. Otherwise these are the last items of the owner
   * whose items have the most bytes.
   */
  add(item: T): readonly T[]
  /** Removes and returns the first item of the owner whose turn it is. */
  take(): T | undefined
  remove(item: T): void
  removeAll(owner: string): readonly T[]
}

export interface QueuedItem {
  readonly owner: string
  readonly bytes: number
}

export interface FairQueueLimits {
  /** How many items of one owner may wait. */
  readonly maxOfOne: number
  readonly maxBytes: number
}

export const fairQueue = <T extends QueuedItem>({ maxBytes, maxOfOne }: FairQueueLimits): FairQueue<T> => {
  const queues = new Map<string, { readonly items: Set<T>; bytes: number }>()
  let size = 0
  let bytes = 0

  const remove = (item: T): void => {
    const queue = queues.get(item.owner)
    if (!queue?.items.delete(item)) return
    queue.bytes -= item.bytes
    size -= 1
    bytes -= item.bytes
    if (queue.items.size === 0) queues.delete(item.owner)
  }

  /**
   * Returns the last item of the owner whose items have the most bytes. Undefined while all items
   * together have at most `maxBytes`.
   */
  const tooMuch = (): T | undefined => {
    if (bytes <= maxBytes) return undefined
    const [first, ...others] = queues.values()
    const heaviest = others.reduce((most, queue) => (most && queue.bytes > most.bytes ? queue : most), first)
    return [...(heaviest?.items ?? [])].at(-1)
  }

  return {
    get size() {
      return size
    },
    add(item) {
      const queue = queues.get(item.owner) ?? { items: new Set(), bytes: 0 }
      if (queue.items.size >= maxOfOne) return [item]
      queues.set(item.owner, queue)
      queue.items.add(item)
      queue.bytes += item.bytes
      size += 1
      bytes += item.bytes
      const leaving: T[] = []
      for (let last = tooMuch(); last; last = tooMuch()) {
        remove(last)
        leaving.push(last)
      }
      return leaving
    },
    take() {
      for (const [owner, queue] of queues) {
        const [first] = queue.items
        if (!first) continue
        remove(first)
        // The owner is now the last of the owners that are served in turn.
        if (queues.delete(owner)) queues.set(owner, queue)
        return first
      }
      return undefined
    },
    remove,
    removeAll(owner) {
      const all = [...(queues.get(owner)?.items ?? [])]
      for (const item of all) remove(item)
      return all
    },
  }
}

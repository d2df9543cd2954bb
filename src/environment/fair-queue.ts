/** One queue for each owner. Namespaces are served in turn, and in each namespace its owners. */
export interface FairQueue<T extends QueuedItem> {
  readonly size: number
  /**
   * Adds an item at the end of its owner's queue. Returns the items that have no room. That is the
   * new item if its owner has `maxOfOne` items. Otherwise these are items of the namespace with the
   * most bytes: the last items of its owner with the most bytes.
   */
  add(item: T): readonly T[]
  /** Removes and returns the first item of the owner whose turn it is. */
  take(): T | undefined
  remove(item: T): void
  removeAll(owner: ItemOwner): readonly T[]
}

/** Whose turn an item takes. */
interface ItemOwner {
  readonly namespace: string
  readonly owner: string
}

export interface QueuedItem extends ItemOwner {
  readonly bytes: number
}

export interface FairQueueLimits {
  /** How many items of one owner may wait. */
  readonly maxOfOne: number
  readonly maxBytes: number
}

/** The queues of one namespace, by owner. The first owner is served next. */
interface Queues<T> {
  readonly owners: Map<string, Queue<T>>
  bytes: number
}

interface Queue<T> {
  readonly items: Set<T>
  bytes: number
}

export const fairQueue = <T extends QueuedItem>({ maxBytes, maxOfOne }: FairQueueLimits): FairQueue<T> => {
  const namespaces = new Map<string, Queues<T>>()
  let size = 0
  let bytes = 0

  const remove = (item: T): void => {
    const queues = namespaces.get(item.namespace)
    const queue = queues?.owners.get(item.owner)
    if (!queues || !queue?.items.delete(item)) return
    queue.bytes -= item.bytes
    queues.bytes -= item.bytes
    size -= 1
    bytes -= item.bytes
    if (queue.items.size === 0) queues.owners.delete(item.owner)
    if (queues.owners.size === 0) namespaces.delete(item.namespace)
  }

  /**
   * Returns the last item of the heaviest owner in the heaviest namespace. Undefined while all items
   * together have at most `maxBytes`.
   */
  const tooMuch = (): T | undefined => {
    if (bytes <= maxBytes) return undefined
    const queue = heaviest(heaviest(namespaces)?.owners)
    return [...(queue?.items ?? [])].at(-1)
  }

  return {
    get size() {
      return size
    },
    add(item) {
      const queues = namespaces.get(item.namespace) ?? { owners: new Map<string, Queue<T>>(), bytes: 0 }
      const queue = queues.owners.get(item.owner) ?? { items: new Set(), bytes: 0 }
      if (queue.items.size >= maxOfOne) return [item]
      namespaces.set(item.namespace, queues)
      queues.owners.set(item.owner, queue)
      queue.items.add(item)
      queue.bytes += item.bytes
      queues.bytes += item.bytes
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
      const [queues] = namespaces.values()
      const [queue] = queues?.owners.values() ?? []
      const [first] = queue?.items ?? []
      if (!queues || !queue || !first) return undefined
      remove(first)
      moveToEnd(queues.owners, first.owner, queue)
      moveToEnd(namespaces, first.namespace, queues)
      return first
    },
    remove,
    removeAll({ namespace, owner }) {
      const all = [...(namespaces.get(namespace)?.owners.get(owner)?.items ?? [])]
      for (const item of all) remove(item)
      return all
    },
  }
}

/** Returns the value with the most bytes, the first of equal ones. */
const heaviest = <V extends { readonly bytes: number }>(values = new Map<string, V>()): V | undefined => {
  const [first, ...others] = values.values()
  return others.reduce((most, value) => (most && value.bytes > most.bytes ? value : most), first)
}

/** Moves a key to the end of a map if the map has it: it has had its turn. */
const moveToEnd = <V>(map: Map<string, V>, key: string, value: V): void => {
  if (map.delete(key)) map.set(key, value)
}

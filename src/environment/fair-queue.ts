/** What waits, in lines of its own for each owner, which are served in turn. */
export interface FairQueue<T extends Waiting> {
  readonly size: number
  /** Puts it at the end of its owner's line. Gives what has to leave for it, or itself: those who hold most leave first. */
  add(item: T): readonly T[]
  /** The first of the owner whose turn it is. */
  take(): T | undefined
  remove(item: T): void
  removeAll(owner: string): readonly T[]
}

export interface Waiting {
  readonly owner: string
  readonly bytes: number
}

export interface FairQueueLimits {
  /** How many of one owner may wait. */
  readonly mostOfOne: number
  readonly mostBytes: number
}

export const fairQueue = <T extends Waiting>({ mostBytes, mostOfOne }: FairQueueLimits): FairQueue<T> => {
  const lines = new Map<string, { readonly items: Set<T>; bytes: number }>()
  let size = 0
  let bytes = 0

  const remove = (item: T): void => {
    const line = lines.get(item.owner)
    if (!line?.items.delete(item)) return
    line.bytes -= item.bytes
    size -= 1
    bytes -= item.bytes
    if (line.items.size === 0) lines.delete(item.owner)
  }

  /** The last one of the owner who holds most, while all together hold too much. */
  const tooMuch = (): T | undefined => {
    if (bytes <= mostBytes) return undefined
    const [first, ...others] = lines.values()
    const heaviest = others.reduce((most, line) => (most && line.bytes > most.bytes ? line : most), first)
    return [...(heaviest?.items ?? [])].at(-1)
  }

  return {
    get size() {
      return size
    },
    add(item) {
      const line = lines.get(item.owner) ?? { items: new Set(), bytes: 0 }
      if (line.items.size >= mostOfOne) return [item]
      lines.set(item.owner, line)
      line.items.add(item)
      line.bytes += item.bytes
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
      for (const [owner, line] of lines) {
        const [first] = line.items
        if (!first) continue
        remove(first)
        // The owner goes to the end, behind everybody else who waits.
        if (lines.delete(owner)) lines.set(owner, line)
        return first
      }
      return undefined
    },
    remove,
    removeAll(owner) {
      const all = [...(lines.get(owner)?.items ?? [])]
      for (const item of all) remove(item)
      return all
    },
  }
}

import type { Clock } from '../environment/environment.ts'

/** Keys with the time at which each is due. */
export interface Later {
  /** Sets when a key is due, in milliseconds from now. Replaces its earlier time. */
  set(key: string, ms: number): void
  delete(key: string): void
  clear(): void
}

interface Entry {
  readonly key: string
  /** When the key is due, in monotonic milliseconds. */
  readonly at: number
}

/** How many outdated entries the heap may have, besides one for each key. */
const maxStale = 64

/**
 * Calls `due` for each key at its time. All share one timer, because ten thousand timers would take
 * megabytes.
 */
export const later = (clock: Clock, due: (key: string) => void): Later => {
  const entries = new Map<string, Entry>()
  /** The earliest entry is first. Some entries are outdated. */
  let heap: Entry[] = []
  let armed: { readonly at: number; readonly cancel: () => void } | undefined

  const counts = (entry: Entry): boolean => entries.get(entry.key) === entry

  const disarm = (): void => {
    armed?.cancel()
    armed = undefined
  }

  const arm = (): void => {
    while (heap[0] && !counts(heap[0])) pop(heap)
    const [first] = heap
    if (first && armed && armed.at <= first.at) return
    disarm()
    if (first) armed = { at: first.at, cancel: clock.after(Math.max(0, first.at - clock.monotonic()), fire) }
  }

  const fire = (): void => {
    armed = undefined
    const now = clock.monotonic()
    const expired: string[] = []
    for (let first = heap[0]; first && first.at <= now; first = heap[0]) {
      pop(heap)
      if (!counts(first)) continue
      entries.delete(first.key)
      expired.push(first.key)
    }
    arm()
    for (const key of expired) due(key)
  }

  return {
    set: (key, ms) => {
      const entry = { key, at: clock.monotonic() + ms }
      entries.set(key, entry)
      push(heap, entry)
      // Removes the outdated entries. A sorted list is a heap.
      if (heap.length > 2 * entries.size + maxStale) heap = heap.filter(counts).sort((a, b) => a.at - b.at)
      arm()
    },
    delete: key => {
      entries.delete(key)
      if (entries.size === 0) disarm()
    },
    clear: () => {
      entries.clear()
      heap = []
      disarm()
    },
  }
}

/**
 * Adds to a binary heap. No entry is due later than its children. The children of the entry at
 * index `i` are at `2i + 1` and `2i + 2`.
 */
const push = (heap: Entry[], entry: Entry): void => {
  let index = heap.push(entry) - 1
  while (index > 0) {
    const above = (index - 1) >> 1
    if (isNoLater(heap[above], entry)) break
    move(heap, above, index)
    index = above
  }
  heap[index] = entry
}

const pop = (heap: Entry[]): void => {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let index = 0
  for (;;) {
    const left = 2 * index + 1
    const sooner = isNoLater(heap[left], heap[left + 1] ?? last) ? left : left + 1
    if (isNoLater(last, heap[sooner] ?? last)) break
    move(heap, sooner, index)
    index = sooner
  }
  heap[index] = last
}

const isNoLater = (a: Entry | undefined, b: Entry): boolean => a !== undefined && a.at <= b.at

const move = (heap: Entry[], from: number, to: number): void => {
  const entry = heap[from]
  if (entry) heap[to] = entry
}

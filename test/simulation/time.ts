import type { Rng } from './seed.ts'

/** Time that passes only because something is due. Moments are in milliseconds since the history's beginning. */
export interface VirtualTime {
  readonly now: number
  /** How many events have run. */
  readonly events: number
  /** Runs `run` in `ms` milliseconds. Of events due at one moment, the seed says which is first. Returns what cancels it. */
  at(ms: number, run: () => void): () => void
  /** The same, but of events due at one moment those added here come first, in the order in which they were added. */
  inOrder(ms: number, run: () => void): () => void
  /** Runs events, with all that follows from each before the next, until `done` holds or `limit` would be passed. */
  runUntil(done: () => boolean, limit: number, maxEvents: number): Promise<Ending>
}

export type Ending = 'done' | 'time is over' | 'too many events' | 'nothing is left to happen'

interface Due {
  readonly at: number
  readonly tie: number
  readonly order: number
  run: (() => void) | undefined
}

export const virtualTime = (rng: Rng): VirtualTime => {
  const heap: Due[] = []
  let now = 0
  let events = 0
  let added = 0

  const add = (ms: number, tie: number, run: () => void): (() => void) => {
    const due: Due = { at: now + Math.max(0, ms), tie, order: added++, run }
    push(heap, due)
    return () => {
      due.run = undefined
    }
  }

  /** The next event that was not cancelled. */
  const next = (): Due | undefined => {
    for (;;) {
      const first = heap[0]
      if (first === undefined || first.run !== undefined) return first
      pop(heap)
    }
  }

  return {
    get now() {
      return now
    },
    get events() {
      return events
    },
    at: (ms, run) => add(ms, 1 + rng.uint32(), run),
    inOrder: (ms, run) => add(ms, 0, run),
    runUntil: (done, limit, maxEvents) =>
      new Promise((resolve, reject) => {
        const step = (): void => {
          if (done()) return resolve('done')
          const due = next()
          if (due === undefined) return resolve('nothing is left to happen')
          if (due.at > limit) {
            now = limit
            return resolve('time is over')
          }
          if (events >= maxEvents) return resolve('too many events')
          pop(heap)
          now = due.at
          events += 1
          try {
            due.run?.()
          } catch (error) {
            return reject(error)
          }
          afterMicrotasks(step)
        }
        afterMicrotasks(step)
      }),
  }
}

/** A tick that is asked for in a microtask runs when no microtask is left: all consequences, and no real time. */
const afterMicrotasks = (run: () => void): void => queueMicrotask(() => process.nextTick(run))

const isBefore = (a: Due, b: Due): boolean =>
  a.at !== b.at ? a.at < b.at : a.tie !== b.tie ? a.tie < b.tie : a.order < b.order

const push = (heap: Due[], due: Due): void => {
  let place = heap.length
  heap.push(due)
  while (place > 0) {
    const above = (place - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isBefore(due, parent)) break
    heap[place] = parent
    place = above
  }
  heap[place] = due
}

const pop = (heap: Due[]): void => {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let place = 0
  for (;;) {
    const left = heap[2 * place + 1]
    const right = heap[2 * place + 2]
    if (left === undefined) break
    const isRight = right !== undefined && isBefore(right, left)
    const child = isRight ? right : left
    if (!isBefore(child, last)) break
    heap[place] = child
    place = 2 * place + (isRight ? 2 : 1)
  }
  heap[place] = last
}

import type { Clock } from './environment.ts'

/**
 * Runs `ask` once for all callers of the same `key` that arrive while it runs. Results and errors
 * are not kept: a later caller runs `ask` again.
 */
export type SingleFlight<T> = (key: string, ask: (depart: () => void) => Promise<T>) => Promise<T>

/**
 * Makes a {@link SingleFlight}. A caller that joins a running `ask` may get an answer from before
 * the caller asked. To prevent that:
 * - let `ask` call `depart` just before it reads: later callers do not join.
 * - pass `joinable`: nobody joins an `ask` that began `forMs` milliseconds ago or earlier.
 * - or use {@link freshReads}.
 */
export const singleFlight = <T>(joinable?: {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly forMs: number
}): SingleFlight<T> => {
  const flights = new Map<string, Flight<T>>()
  const now = (): number => joinable?.clock.monotonic() ?? 0
  return (key, ask) => {
    const known = flights.get(key)
    if (known?.answer && (!joinable || now() - known.since < joinable.forMs)) return known.answer
    const mine: Flight<T> = { since: now() }
    const leave = (): void => {
      if (flights.get(key) === mine) flights.delete(key)
    }
    flights.set(key, mine)
    const answer = ask(leave)
    mine.answer = answer
    answer.then(leave, leave)
    return answer
  }
}

interface Flight<T> {
  readonly since: number
  answer?: Promise<T>
}

/**
 * Makes a reader of values by their keys. No caller gets an answer from a read that began before
 * the caller asked. At most one read of a key runs at a time: callers that arrive during it share
 * the next one.
 */
export const freshReads = <T>() => {
  const reads = new Map<string, Reading<T>>()

  const begin = (key: string, read: () => Promise<T>): Promise<T> => {
    const mine: Reading<T> = { running: read(), next: undefined }
    reads.set(key, mine)
    const ended = (): void => {
      if (reads.get(key) === mine && !mine.next) reads.delete(key)
    }
    mine.running.then(ended, ended)
    return mine.running
  }

  return (key: string, read: () => Promise<T>): Promise<T> => {
    const reading = reads.get(key)
    if (!reading) return begin(key, read)
    const another = (): Promise<T> => begin(key, read)
    reading.next ??= reading.running.then(another, another)
    return reading.next
  }
}

interface Reading<T> {
  readonly running: Promise<T>
  next: Promise<T> | undefined
}

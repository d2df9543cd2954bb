import type { Clock } from './environment.ts'

/**
 * Runs `ask` once for all callers of the same `key` that arrive while it runs: all of them get its
 * promise. Neither an answer nor a failure is kept: a caller that arrives after the end asks again.
 */
export type SingleFlight<T> = (key: string, ask: (depart: () => void) => Promise<T>) => Promise<T>

/**
 * Makes a {@link SingleFlight}. A caller that joins may get an answer that is older than its question. Where that matters,
 * there are three ways: `ask` calls `depart` just before it reads, and nobody joins from then on; with `joinable`, nobody
 * joins a flight that is `forMs` milliseconds old; or {@link freshReads}.
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
 * Reads things by their keys. No answer comes from a read that began before the question, and no key is read twice at a
 * time: all callers that arrive during one read share the next.
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

import type { Arrived, Reading } from './message.ts'

/** A thread that reads one body at a time, and can be ended in the middle of it. */
export interface Reader {
  /** Only when what was sent before is read. */
  send(arrived: Arrived): void
  /** Ends it at once, whatever it does. Nothing is told of it any more. */
  end(): void
}

/** What is told of a reader; never before it is returned. */
export interface ReaderEvents {
  read(reading: Reading): void
  /** It ended without being asked to, as when there is no memory for it. */
  ended(): void
}

export type StartReader = (events: ReaderEvents) => Reader

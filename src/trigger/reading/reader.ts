import type { Arrived, Reading } from './message.ts'

/** A thread that parses one body at a time. It can be ended at any moment. */
export interface Reader {
  /** Sends a body. Call it only when the previous one is parsed. */
  send(arrived: Arrived): void
  /** Ends the thread at once. No event follows. */
  end(): void
}

/** Receives the events of a reader. None arrives before the reader is returned. */
export interface ReaderEvents {
  read(reading: Reading): void
  /** Called when the thread ended by itself, for example out of memory. */
  ended(): void
}

export type StartReader = (events: ReaderEvents) => Reader

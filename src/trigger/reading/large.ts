import type { Clock } from '../../environment/environment.ts'
import { fairQueue } from '../../environment/fair-queue.ts'
import {
  maxPostBodyBytes,
  maxWaitingLarge,
  maxWaitingLargeBytes,
  readerIdleMs,
  readWithinMs,
  waitForReaderMs,
} from '../limits.ts'
import { readMessage, type Arrived, type Reading } from './message.ts'
import type { Reader, ReaderEvents, StartReader } from './reader.ts'

interface Job {
  /** The namespace of the post. It is the owner as well: its hooks take no turns among themselves. */
  readonly namespace: string
  readonly owner: string
  readonly bytes: number
  readonly arrived: Arrived
  /** Stops the timer that ends the wait: the job's turn has come, or the job was removed. */
  readonly stopWaiting: () => void
  readonly finish: (reading: Reading | undefined) => void
}

/**
 * Parses bodies that would block the event loop, in a separate thread. The thread parses one body
 * at a time. Namespaces take turns. The thread starts when it is needed and ends when it is idle.
 */
export class LargeBodies {
  readonly #clock: Pick<Clock, 'after'>
  readonly #start: StartReader | undefined
  readonly #notStarted: (error: unknown) => void
  readonly #queue = fairQueue<Job>({ maxOfOne: maxWaitingLarge, maxBytes: maxWaitingLargeBytes })
  #reader: Reader | undefined
  #running: Job | undefined
  #cancel = (): void => {}

  /**
   * Without `start`, bodies are parsed in the event loop. `notStarted` gets the error where the system has no
   * thread left.
   */
  constructor(
    clock: Pick<Clock, 'after'>,
    start: StartReader | undefined,
    notStarted: (error: unknown) => void = () => {},
  ) {
    this.#clock = clock
    this.#start = start
    this.#notStarted = notStarted
  }

  /**
   * Parses a body of a post to a namespace. Resolves with undefined if that took too long, if the
   * thread ended, or if too many bodies wait.
   */
  read(namespace: string, arrived: Arrived): Promise<Reading | undefined> {
    const start = this.#start
    if (!start) return Promise.resolve(readMessage(arrived, maxPostBodyBytes))
    return new Promise(finish => {
      const stopWaiting = this.#clock.after(waitForReaderMs, () => {
        this.#queue.remove(job)
        finish(undefined)
      })
      const bytes = arrived.body.length
      const job: Job = { namespace, owner: namespace, bytes, arrived, stopWaiting, finish }
      for (const leaving of this.#queue.add(job)) {
        leaving.stopWaiting()
        leaving.finish(undefined)
      }
      this.#next(start)
    })
  }

  #next(start: StartReader): void {
    if (this.#running) return
    this.#cancel()
    this.#running = this.#queue.take()
    if (!this.#running) {
      this.#cancel = this.#clock.after(readerIdleMs, () => this.#end())
      return
    }
    const lose = (): void => {
      this.#end()
      this.#finish(start, undefined)
    }
    this.#running.stopWaiting()
    this.#cancel = this.#clock.after(readWithinMs, lose)
    this.#reader ??= this.#started(start, { read: reading => this.#finish(start, reading), ended: lose })
    if (this.#reader) this.#reader.send(this.#running.arrived)
    else lose()
  }

  #finish(start: StartReader, reading: Reading | undefined): void {
    const job = this.#running
    this.#running = undefined
    job?.finish(reading)
    this.#next(start)
  }

  /** Starts a thread. Returns undefined if the system has none left, as in a pod at its limit of processes. */
  #started(start: StartReader, events: ReaderEvents): Reader | undefined {
    try {
      return start(events)
    } catch (error) {
      this.#notStarted(error)
      return undefined
    }
  }

  #end(): void {
    this.#reader?.end()
    this.#reader = undefined
  }
}

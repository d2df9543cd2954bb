import type { Clock } from '../../environment/environment.ts'
import { mostBodyBytes, mostLargeBodies, mostLargeOfNamespace, readerIdleMs, readWithinMs } from '../limits.ts'
import { readMessage, type Arrived, type Reading } from './message.ts'
import type { Reader, StartReader } from './reader.ts'

/** Bodies that would stop the event loop: few at a time, and read in a thread of their own. */
export interface LargeBodies {
  /** Takes a place for a body of a namespace, before it is read; undefined where there is none. Call it to leave. */
  enter(namespace: string): (() => void) | undefined
  /** Reads a body that has arrived; undefined where that took too long, or the thread was lost. */
  read(arrived: Arrived): Promise<Reading | undefined>
}

interface Job {
  readonly arrived: Arrived
  readonly finish: (reading: Reading | undefined) => void
}

/** Reads them one after another. The thread is started when it is needed, and ended when it was not needed for a while. */
export const largeBodies = (clock: Pick<Clock, 'after'>, start: StartReader | undefined): LargeBodies => {
  const inside = new Map<string, number>()
  let all = 0
  const queue: Job[] = []
  let reader: Reader | undefined
  let running: Job | undefined
  let cancel = (): void => {}

  const finish = (reading: Reading | undefined): void => {
    cancel()
    const job = running
    running = undefined
    job?.finish(reading)
    next()
  }

  const lose = (): void => {
    reader?.end()
    reader = undefined
    finish(undefined)
  }

  const next = (): void => {
    if (running || !start) return
    running = queue.shift()
    if (!running) {
      cancel = clock.after(readerIdleMs, () => {
        reader?.end()
        reader = undefined
      })
      return
    }
    cancel()
    reader ??= start({ read: finish, ended: lose })
    cancel = clock.after(readWithinMs, lose)
    reader.send(running.arrived)
  }

  return {
    enter: namespace => {
      const count = inside.get(namespace) ?? 0
      if (all >= mostLargeBodies || count >= mostLargeOfNamespace) return undefined
      all += 1
      inside.set(namespace, count + 1)
      return () => {
        all -= 1
        const left = (inside.get(namespace) ?? 1) - 1
        if (left === 0) inside.delete(namespace)
        else inside.set(namespace, left)
      }
    },
    read: arrived =>
      start
        ? new Promise(resolve => {
            queue.push({ arrived, finish: resolve })
            next()
          })
        : Promise.resolve(readMessage(arrived, mostBodyBytes)),
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './job.ts'

/** How fast something is done again and again. */
export interface Pace {
  readonly concurrency: number
  readonly count: number
  /** None is begun later than this, in milliseconds. */
  readonly withinMs?: number
  /** How long each worker waits between two, in milliseconds. */
  readonly gapMs?: number
  /** How many are begun a second, over all workers. */
  readonly perSecond?: number
}

/** Does `one` for each number from 0 on, and measures each. What is waited for the pace is in no latency. */
export const measured = async (
  { concurrency, count, gapMs = 0, perSecond = Infinity, withinMs = Infinity }: Pace,
  one: (index: number) => Promise<void>,
): Promise<Pick<Report, 'elapsedMs' | 'latencies'>> => {
  const latencies: number[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count && performance.now() - start < withinMs; index = next++) {
      const dueMs = start + (index * 1000) / perSecond - performance.now()
      if (dueMs > 0) await sleep(dueMs)
      const began = performance.now()
      await one(index)
      latencies.push(performance.now() - began)
      if (gapMs > 0) await sleep(gapMs)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker))
  return { elapsedMs: performance.now() - start, latencies }
}

/** Returns the present moment, in milliseconds since the epoch, the same for all processes of a machine. */
export const epochMs = (): number => performance.timeOrigin + performance.now()

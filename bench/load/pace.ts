import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './job.ts'

/**
 * Does `one` for each number from 0 on, `concurrency` at a time, and measures each. With a gap each worker waits that
 * long between two, and the wait is in no latency.
 */
export const measured = async (
  { concurrency, count, gapMs = 0 }: { readonly concurrency: number; readonly count: number; readonly gapMs?: number },
  one: (index: number) => Promise<void>,
): Promise<Pick<Report, 'elapsedMs' | 'latencies'>> => {
  const latencies: number[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const began = performance.now()
      await one(index)
      latencies.push(performance.now() - began)
      if (gapMs > 0) await sleep(gapMs)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker))
  return { elapsedMs: performance.now() - began, latencies }
}

/** The present moment, in milliseconds since the epoch, the same for all processes of a machine. */
export const epochMs = (): number => performance.timeOrigin + performance.now()

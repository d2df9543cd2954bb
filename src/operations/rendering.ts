import type { Clock, Metrics } from '../environment/environment.ts'

/** For how long the metrics are kept after they were rendered, in milliseconds, and in times of what that took. */
const keptMs = 1000
const keptTimes = 10

/**
 * Returns a function that returns the metrics as bytes. All scrapes within a second share one
 * rendering, and scrapes that wait for it too. So many scrapes take at most a tenth of the thread,
 * and no scrape has bytes of its own. `before` is called before each rendering.
 */
export const sharedRendering = (
  { clock, metrics }: { readonly clock: Pick<Clock, 'monotonic'>; readonly metrics: Pick<Metrics, 'text'> },
  before: () => void,
): (() => Promise<Buffer>) => {
  let shared: Promise<Buffer> | undefined
  let keptUntil = 0
  const render = async (): Promise<Buffer> => {
    const began = clock.monotonic()
    keptUntil = Infinity
    try {
      before()
      return Buffer.from(await metrics.text())
    } finally {
      const ended = clock.monotonic()
      keptUntil = ended + Math.max(keptMs, keptTimes * (ended - began))
    }
  }
  return () => (shared = shared && clock.monotonic() < keptUntil ? shared : render())
}

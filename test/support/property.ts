import fc from 'fast-check'
import { test as vitestTest } from 'vitest'
import { runs } from './runs.ts'

export { fc }

/** How long a property runs at most, in milliseconds: a failing one could search for a smaller example for hours. */
const maxMs = 60_000

/** Returns a sentence that holds for `numRuns` values of some generators. A failure names the seed and the smallest example. */
export const property = <T extends readonly [unknown, ...unknown[]]>(
  name: string,
  generators: { [K in keyof T]: fc.Arbitrary<T[K]> },
  holds: (...values: T) => void | Promise<void>,
  numRuns = 100,
): void => {
  vitestTest(name, async () => {
    await fc.assert(
      fc.asyncProperty<[...T]>(...generators, async (...values) => await holds(...values)),
      { numRuns: runs(numRuns), interruptAfterTimeLimit: maxMs },
    )
  })
}

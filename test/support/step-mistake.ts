import { basename } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { scripts } from './step-scripts.ts'
import { broken, play } from './step-world.ts'

/** Sees the scripts of `test/steps/exact.test.ts` find the mistake that the file `url` has put in. */
export const isFoundByScripts = (url: string): void =>
  it(`each delivery would not be applied once with this mistake: ${basename(url, '.test.ts')}`, async () => {
    const holds = fc.asyncProperty(scripts, async script => broken(script, await play(script)).length === 0)
    expect(await fc.check(holds, { numRuns: 3000, seed: 1, endOnFailure: true })).toMatchObject({ failed: true })
  }, 120_000)

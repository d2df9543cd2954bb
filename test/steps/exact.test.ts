import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runs } from '../support/runs.ts'
import { scripts, signedScripts } from '../support/step-scripts.ts'
import { broken, play } from '../support/step-world.ts'

it('each delivery is applied once, regardless of what happens to requests, answers and processes', async () => {
  const holds = fc.asyncProperty(scripts, async script => {
    expect(broken(script, await play(script))).toEqual([])
  })
  await fc.assert(holds, { numRuns: runs(60) })
})

it('each signed body is applied once, however its deliveries are named and regardless of what happens to processes', async () => {
  const holds = fc.asyncProperty(signedScripts, async script => {
    expect(broken(script, await play(script))).toEqual([])
  })
  await fc.assert(holds, { numRuns: runs(60) })
})

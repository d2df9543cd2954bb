import { basename } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runHistory } from '../history.ts'
import { listedMistakes } from './listed.ts'

/** A mistake is given so many times the histories that it took: chance is wide. */
const patience = 10

/** With SIMULATION_STARTS set to a number, a test begins at so many other seeds instead, and says what each took. */
const starts = Number(process.env['SIMULATION_STARTS'] ?? 0)

/** No mistake is looked for beyond this. */
const maxSeeds = 150

/** Sees the simulation find the mistake that the file `url` has put in. */
export const isFound = (url: string): void => {
  const name = basename(url, '.test.ts')
  const {
    mistake = name,
    promises = [],
    seeds: expected = maxSeeds,
  } = listedMistakes().find(listed => listed.name === name) ?? {}
  // Where the storage is set back, the checks see few mistakes, and the page counts the histories of the others.
  if (process.env['SIMULATION_RESTORES'] === undefined) vi.stubEnv('SIMULATION_RESTORES', '0')
  // So does it with holds and approvals, which the mistakes about these need.
  vi.stubEnv('SIMULATION_HOLDS', name.startsWith('hold-') ? '1' : '0')
  vi.stubEnv('SIMULATION_APPROVALS', name.startsWith('approval-') ? '1' : '0')

  if (starts > 0) return howManyItTakes(name, mistake)
  test(`the simulation finds it: ${mistake}`, { timeout: 1_800_000 }, async () => {
    const { seeds, violation } = await seedsUntilFound(1, patience * expected)
    expect(violation, `${seeds} histories`).toBeDefined()
    expect(promises).toContain(violation?.promise)
  })
}

/** Prints what becomes a row of the page. */
const howManyItTakes = (name: string, mistake: string): void =>
  test(`how many histories it takes: ${mistake}`, { timeout: 3_600_000 }, async () => {
    const taken: number[] = []
    for (let start = 1; start <= starts; start++) {
      const { seeds, violation } = await seedsUntilFound(start * 1_000_000, maxSeeds)
      taken.push(seeds)
      console.log(`${name}: ${seeds} (${violation?.promise}) ${violation?.why}`)
    }
    console.log(`${name}: median ${taken.toSorted((a, b) => a - b)[starts >> 1]} of ${taken.join(' ')}`)
    expect(Math.min(...taken)).toBeLessThan(maxSeeds)
  })

const seedsUntilFound = async (first: number, most: number) => {
  for (let seeds = 1; seeds <= most; seeds++) {
    const { violations } = await runHistory(first + seeds - 1)
    if (violations[0]) return { seeds, violation: violations[0] }
  }
  return { seeds: most, violation: undefined }
}

import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { at } from '../../src/api/json.ts'
import { failure, fingerprint } from './figures.ts'
import { runHistory } from './history.ts'

/** How many histories `npm test` takes; `npm run test:long -- simulation` takes as many as there is time for. */
const histories = 6

/** How many make one test. */
const together = 3

afterEach(() => void vi.unstubAllEnvs())

describe('the whole product, in virtual time', () => {
  test.each(Array.from({ length: histories / together }, (_, index) => 1 + index * together))(
    `keeps its promises in ${together} histories from seed %i on`,
    async first => {
      const failures: string[] = []
      for (let seed = first; seed < first + together; seed++) {
        const { violations } = await runHistory(seed)
        if (violations.length > 0) failures.push(failure(seed, violations))
      }
      expect(failures).toEqual([])
    },
  )

  test('keeps its promises where hooks hold fields', async () => {
    vi.stubEnv('SIMULATION_HOLDS', '1')
    const { happened, violations } = await runHistory(2)
    expect(violations).toEqual([])
    expect(happened.some(entry => entry.what === 'post' && entry.post.hook.startsWith('hold-'))).toBe(true)
  })

  test('keeps its promises where people ask and approve', async () => {
    vi.stubEnv('SIMULATION_APPROVALS', '1')
    vi.stubEnv('SIMULATION_RESTORES', '0')
    vi.stubEnv('SIMULATION_HOLDS', '0')
    const { happened, violations } = await runHistory(4)
    expect(violations).toEqual([])
    const isRun = (object: unknown): boolean =>
      at(object, 'spec', 'decision', 'is') === 'Approved' && at(object, 'status', 'answer', 'outcome') === 'applied'
    expect(happened.some(entry => entry.what === 'stored' && isRun(entry.object))).toBe(true)
  })

  test('the same seed gives the same history, in any process, and another seed another', async () => {
    const [first, other] = [await runHistory(7), await runHistory(8)]
    expect(fingerprint(other)).not.toBe(fingerprint(first))
    expect(first.happened.length).toBeGreaterThan(200)
    const said = execFileSync(process.execPath, ['test/simulation/run.ts', '--seed', '7'], { encoding: 'utf8' })
    expect(said).toContain(`fingerprint ${fingerprint(first)}`)
  })
})

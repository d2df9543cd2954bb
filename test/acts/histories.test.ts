import { describe, expect, it } from 'vitest'
import { history } from './rollout-history.ts'
import { mistakes, type Mistake } from './rollout-mistakes.ts'

/** Returns what is wrong in the first of so many histories in which something is. */
const firstWrong = async (count: number, mistake: Mistake): Promise<readonly string[]> => {
  for (let seed = 1; seed <= count; seed++) {
    const wrong = await history(seed, mistake)
    if (wrong.length > 0) return wrong.map(each => `seed ${seed}: ${each}`)
  }
  return []
}

describe('pushes, with crashes, copies, lost and late answers', () => {
  it('are written to each workload once, none goes back in time, none undoes a rollback, and what was answered is there', async () => {
    expect(await firstWrong(12, 'none')).toEqual([])
  })

  it.each<Mistake>(mistakes)('would not be with %s', async mistake => {
    expect(await firstWrong(12, mistake)).not.toEqual([])
  })
})

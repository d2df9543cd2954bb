import { expect, it } from 'vitest'
import type { Acts, Worked } from '../../src/acts/acts.ts'
import { keepingActs } from '../../src/trigger/keeping-acts.ts'

const done: Worked = { worked: 'done', outcome: { outcome: 'changed' } }

const acts: Acts = {
  once: async work => {
    const { outcome } = await work(
      { id: 'a', at: 0 },
      () => Promise.resolve(true),
      () => {},
    )
    return outcome
  },
  settle: () => Promise.resolve(true),
}

it('an act keeps the body of its post from its beginning to its end, however that comes', async () => {
  let kept = 0
  const keeping = keepingActs(acts, {
    keep: () => {
      kept += 1
      return () => void (kept -= 1)
    },
  })
  const seen: number[] = []
  await keeping.once(() => {
    seen.push(kept)
    return Promise.resolve(done)
  })
  await expect(keeping.once(() => Promise.reject(new Error('a fault')))).rejects.toThrow('a fault')
  expect([seen, kept]).toEqual([[1], 0])
})

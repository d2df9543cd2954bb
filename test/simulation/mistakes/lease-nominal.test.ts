import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A lease ends with a step the other way, without regard to what it has really changed.
vi.mock(import('../../../src/steps/leased.ts'), async original => {
  const real = await original()
  return {
    ...real,
    endPlanOf:
      part =>
      (count, delta = 0, limits) =>
        real.endPlanOf(part)(count, 2 * Math.sign(delta), limits),
  }
})

isFound(import.meta.url)

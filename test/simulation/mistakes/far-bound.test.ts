import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A step from far outside of the bounds ends inside of them, however long it has to be.
vi.mock(import('../../../src/steps/arithmetic.ts'), async original => {
  const real = await original()
  return {
    ...real,
    moveWithin: movement => count => {
      const to = real.moveWithin(movement)(count)
      if (typeof to !== 'number' || to === count) return to
      return Math.min(Math.max(to, movement.min), movement.max)
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What is beyond the bound is brought back to it, so that a step up can lower the count.
vi.mock(import('../../../src/steps/arithmetic.ts'), async original => {
  const real = await original()
  return {
    ...real,
    moveWithin: movement => count => {
      const isBeyond = movement.action === 'up' ? count > movement.max : count < movement.min
      return isBeyond ? (movement.action === 'up' ? movement.max : movement.min) : real.moveWithin(movement)(count)
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The end of an alert is a step the other way, without regard to what its firings have changed.
vi.mock(import('../../../src/steps/arithmetic.ts'), async original => {
  const real = await original()
  return {
    ...real,
    takeBackWithin:
      bounds =>
      (count, delta = 0) =>
        real.takeBackWithin(bounds)(count, Math.sign(delta)),
  }
})

isFound(import.meta.url)

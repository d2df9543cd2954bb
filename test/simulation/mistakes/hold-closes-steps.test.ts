import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What a step has leased is given up if it ends under a hold.
vi.mock(import('../../../src/record/parts.ts'), async original => {
  const real = await original()
  return { ...real, heldBack: real.closePart }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What bounds keep back when a lease ends is given up.
vi.mock(import('../../../src/record/parts.ts'), async original => {
  const real = await original()
  return { ...real, heldBack: real.closePart }
})

isFound(import.meta.url)

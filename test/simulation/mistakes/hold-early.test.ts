import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A hold ends almost a second before its time.
vi.mock(import('../../../src/record/parts.ts'), async original => {
  const real = await original()
  return { ...real, endOf: (part, endBefore) => real.endOf(part, endBefore) - 900 }
})

isFound(import.meta.url)

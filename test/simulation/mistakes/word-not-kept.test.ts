import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Each mark says the count that it replaces, and not the one that somebody else has said.
vi.mock(import('../../../src/api/mark.ts'), async original => {
  const real = await original()
  return { ...real, lastWordAfter: version => ({ ...real.lastWordAfter(version), word: version.count }) }
})

isFound(import.meta.url)

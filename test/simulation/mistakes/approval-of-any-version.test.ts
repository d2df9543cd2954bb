import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The digest of an effect is of the counts, and not of the hook and the object.
vi.mock(import('../../../src/api/effect.ts'), async original => {
  const real = await original()
  return { ...real, digestOf: effect => real.digestOf({ ...effect, of: '', uid: '' }) }
})

isFound(import.meta.url)

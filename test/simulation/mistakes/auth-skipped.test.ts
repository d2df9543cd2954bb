import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Where the Secret of `auth` cannot be read, the URL is enough.
vi.mock(import('../../../src/trigger/auth/proof.ts'), async original => {
  const real = await original()
  return {
    ...real,
    checkAuthOf: (...parts) => {
      const bar = real.checkAuthOf(...parts)
      return async (...post) => {
        const checked = await bar(...post)
        return 'outcome' in checked && checked.outcome === 'unavailable' ? { by: undefined } : checked
      }
    },
  }
})

isFound(import.meta.url)

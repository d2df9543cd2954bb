import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A token whose key cannot be known is refused, so that its sender does not try again.
vi.mock(import('../../../src/token/issuer-keys.ts'), async original => {
  const real = await original()
  return {
    ...real,
    issuerKeysOf: (...given) => {
      const keys = real.issuerKeysOf(...given)
      return {
        ...keys,
        find: async (issuer, kid) => {
          const found = await keys.find(issuer, kid)
          return found === 'unavailable' ? 'unknown' : found
        },
      }
    },
  }
})

isFound(import.meta.url)

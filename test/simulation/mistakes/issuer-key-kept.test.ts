import { vi } from 'vitest'
import type { IssuerKey } from '../../../src/token/issuer-keys.ts'
import { isFound } from './mistake.ts'

// A key of an issuer counts for ever once it was found.
vi.mock(import('../../../src/token/issuer-keys.ts'), async original => {
  const real = await original()
  return {
    ...real,
    issuerKeysOf: (...given) => {
      const keys = real.issuerKeysOf(...given)
      const kept = new Map<string, IssuerKey>()
      return {
        ...keys,
        find: async (issuer, kid) => {
          const found = kept.get(kid) ?? (await keys.find(issuer, kid))
          if (typeof found !== 'string') kept.set(kid, found)
          return found
        },
      }
    },
  }
})

isFound(import.meta.url)

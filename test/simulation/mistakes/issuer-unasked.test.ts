import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A token with a new key causes no read of the keys.
vi.mock(import('../../../src/token/issuer-keys.ts'), async original => {
  const real = await original()
  return {
    ...real,
    issuerKeysOf: (environment, issuers) => {
      let known: string | undefined
      const keys = real.issuerKeysOf(
        {
          ...environment,
          outbound: async request => {
            const answer = await environment.outbound(request)
            if (answer.body.includes('"keys":')) known = answer.body
            return answer
          },
        },
        issuers,
      )
      return {
        ...keys,
        find: async (issuer, kid) =>
          known !== undefined && !known.includes(kid) ? 'unknown' : await keys.find(issuer, kid),
      }
    },
  }
})

isFound(import.meta.url)

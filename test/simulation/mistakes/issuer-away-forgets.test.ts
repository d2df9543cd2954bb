import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// While the issuer cannot be reached, no token is taken, although its key is known.
vi.mock(import('../../../src/token/issuer-keys.ts'), async original => {
  const real = await original()
  return {
    ...real,
    issuerKeysOf: (environment, issuers) => {
      let isAway = false
      const keys = real.issuerKeysOf(
        {
          ...environment,
          outbound: async request => {
            isAway = true
            const answer = await environment.outbound(request)
            isAway = answer.status !== 200
            return answer
          },
        },
        issuers,
      )
      return { ...keys, find: async (issuer, kid) => (isAway ? 'unavailable' : await keys.find(issuer, kid)) }
    },
  }
})

isFound(import.meta.url)

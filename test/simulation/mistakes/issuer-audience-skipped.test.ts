import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A token for any receiver is taken.
vi.mock(import('../../../src/token/id-token.ts'), async original => {
  const real = await original()
  return {
    ...real,
    idTokenVerifier: keys => {
      const verify = real.idTokenVerifier(keys)
      return (token, auth, now) => verify(token, { ...auth, audience: String(token?.claims['aud']) }, now)
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A token does not expire.
vi.mock(import('../../../src/token/id-token.ts'), async original => {
  const real = await original()
  return {
    ...real,
    idTokenVerifier: keys => {
      const verify = real.idTokenVerifier(keys)
      return (token, auth, now) => verify(token, auth, Math.min(now, Number(token?.claims['exp']) * 1000))
    },
  }
})

isFound(import.meta.url)

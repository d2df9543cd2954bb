import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The claims that a hook asks for are not compared.
vi.mock(import('../../../src/token/id-token.ts'), async original => {
  const real = await original()
  return {
    ...real,
    idTokenVerifier: keys => {
      const verify = real.idTokenVerifier(keys)
      return (token, auth, now) => verify(token, { ...auth, claims: [] }, now)
    },
  }
})

isFound(import.meta.url)

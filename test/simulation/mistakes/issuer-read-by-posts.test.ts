import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Keys are read for posts with an unknown key alone, and not regularly.
vi.mock(import('../../../src/token/issuer-keys.ts'), async original => {
  const real = await original()
  return {
    ...real,
    issuerKeysOf: (...given) => ({ ...real.issuerKeysOf(...given), run: () => Promise.resolve() }),
  }
})

isFound(import.meta.url)

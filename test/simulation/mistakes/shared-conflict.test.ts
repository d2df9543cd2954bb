import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A conflict means that the write never was made, although others may have sent the very same one.
vi.mock(import('../../../src/steps/target/commit.ts'), async original => {
  const real = await original()
  return {
    ...real,
    commit: (environment, intended, interest) => real.commit(environment, { ...intended, shared: false }, interest),
  }
})

isFound(import.meta.url)

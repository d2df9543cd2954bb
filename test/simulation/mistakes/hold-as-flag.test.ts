import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The object says that a value is held, and not by how many.
vi.mock(import('../../../src/steps/target/holds.ts'), async original => {
  const real = await original()
  return {
    ...real,
    heldNow: (field, before, n, since) =>
      real.heldNow(field, before, Object.fromEntries(Object.keys(n).map(value => [value, 1])), since),
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The annotation that a count was written with is not looked at.
vi.mock(import('../../../src/steps/target/via-object.ts'), async original => {
  const real = await original()
  return { ...real, viaObject: held => ({ ...real.viaObject(held), marks: () => [] }) }
})

isFound(import.meta.url)

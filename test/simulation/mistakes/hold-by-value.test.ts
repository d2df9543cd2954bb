import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A hold is in force as long as its value is there, no matter who has set that.
vi.mock(import('../../../src/steps/target/holds.ts'), async original => {
  const real = await original()
  return {
    ...real,
    holdOf: (object, field) => {
      const { managedFields: _, ...metadata } = object.metadata
      return real.holdOf({ ...object, metadata }, field)
    },
  }
})

isFound(import.meta.url)

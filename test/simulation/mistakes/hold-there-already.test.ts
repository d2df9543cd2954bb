import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What is there already by somebody else's word is held as well, by its value alone.
vi.mock(import('../../../src/steps/target/holds.ts'), async original => {
  const real = await original()
  return {
    ...real,
    heldNow: (field, before, n, since) => {
      const { now } = before
      const after = real.heldNow(field, before, n, since)
      return after ?? (now === undefined ? undefined : { value: now, hold: { since, at: now, was: now, n } })
    },
    holdOf: (object, field) => {
      const { managedFields: _, ...metadata } = object.metadata
      const byValue = real.holdOf({ ...object, metadata }, field)
      return byValue && byValue.at === byValue.was ? byValue : real.holdOf(object, field)
    },
  }
})

isFound(import.meta.url)

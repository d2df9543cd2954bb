import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Somebody who moves a count that is kept awake ends what keeps it awake.
vi.mock(import('../../../src/steps/target/holds.ts'), async original => {
  const real = await original()
  return {
    ...real,
    heldNow: (field, before, n, since) => {
      const after = real.heldNow(field, before, n, since)
      if (after?.hold?.at !== undefined || !after?.hold || after.value === undefined) return after
      return { ...after, hold: { ...after.hold, was: after.value } }
    },
    holdOf: (object, field) => {
      const hold = real.holdOf(object, field)
      const isMoved = hold && hold.at === undefined && hold.was !== real.valueIn(object, field)
      return isMoved ? undefined : hold
    },
  }
})

isFound(import.meta.url)

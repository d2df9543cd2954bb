import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What was there before is read at each write, and not only when the field is switched.
vi.mock(import('../../../src/steps/target/holds.ts'), async original => {
  const real = await original()
  return {
    ...real,
    heldNow: (field, before, n, since) => {
      const { hold, now } = before
      const again = hold?.at === undefined || now === undefined ? hold : { ...hold, was: now }
      return real.heldNow(field, { ...before, hold: again }, n, since)
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A record wakes processes for what is leased, and not for a claim whose process may be dead.
vi.mock(import('../../../src/record/due.ts'), async original => {
  const real = await original()
  return { ...real, dueOf: ({ parts = [] }, more) => real.dueOf({ parts, rows: [] }, more) }
})

isFound(import.meta.url)

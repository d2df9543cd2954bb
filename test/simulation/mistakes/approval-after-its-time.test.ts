import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What is approved runs, although its time is over.
vi.mock(import('../../../src/trigger/approvals.ts'), async original => {
  const real = await original()
  return {
    ...real,
    decidedOf: (spec, status, now) => {
      const inTime = real.decidedOf(spec, status, -Infinity)
      return inTime.approved === undefined ? real.decidedOf(spec, status, now) : inTime
    },
  }
})

isFound(import.meta.url)

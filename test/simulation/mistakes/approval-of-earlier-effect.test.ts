import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// An approval of an earlier effect counts for the one that is shown by now.
vi.mock(import('../../../src/trigger/approvals.ts'), async original => {
  const real = await original()
  return {
    ...real,
    decidedOf: ({ decision }, status, now) => {
      const effect = status?.effect?.digest
      return real.decidedOf({ ...(decision && { decision: { ...decision, effect: effect ?? '' } }) }, status, now)
    },
  }
})

isFound(import.meta.url)

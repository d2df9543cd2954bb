import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Whoever meets a claim of another process takes it for one that came to nothing.
vi.mock(import('../../../src/steps/finish.ts'), async original => {
  const real = await original()
  return {
    ...real,
    finishClaim: ({ log }, ledger, { claim, claimed }) => {
      real.recordOutcome(log, ledger, claim.mark, claimed, { write: 'stale' })
      return Promise.resolve({ finished: 'other' })
    },
  }
})

isFound(import.meta.url)

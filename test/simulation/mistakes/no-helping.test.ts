import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A process that meets another one's claim takes its write for one that was never made.
vi.mock(import('../../../src/steps/finish.ts'), async original => {
  const real = await original()
  return {
    ...real,
    finishClaim: (environment, ledger, { claim }) => {
      real.recordUnmade(environment, ledger, claim.mark, { write: 'stale' })
      return Promise.resolve({ finished: 'other' })
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What is remembered of a target, or came by its watch, answers the posts that wait, as if it had been read for them.
vi.mock(import('../../../src/steps/batch.ts'), async original => {
  const real = await original()
  return {
    ...real,
    claimBatch: (waiting, fold, ledger, delayed) =>
      real.claimBatch(waiting, { ...fold, asked: new Set(waiting) }, ledger, delayed),
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { lateLedger } from '../../support/mistakes/late-ledger.ts'
import { isFound } from './mistake.ts'

// What is decided goes into the record with its next write, a second later, and not before the count is written.
vi.mock(import('../../../src/record/ledger.ts'), async original => {
  const real = await original()
  return { ...real, openLedger: lateLedger(real.openLedger) }
})

isFound(import.meta.url)

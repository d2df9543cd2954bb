import { vi } from 'vitest'
import { lateLedger } from '../../support/mistakes/late-ledger.ts'
import { isFound } from './mistake.ts'

// Who holds a field is stored with the next write of the record, a second later, and not before the field is written.
vi.mock(import('../../../src/record/ledger.ts'), async original => {
  const real = await original()
  const late = lateLedger(real.openLedger)
  return {
    ...real,
    openLedger: (environment, owner, instance, dirtied) =>
      (owner.name.startsWith('hold-') ? late : real.openLedger)(environment, owner, instance, dirtied),
  }
})

isFound(import.meta.url)

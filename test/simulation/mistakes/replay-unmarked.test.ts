import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A row does not say which signed body it is of.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  return {
    ...real,
    decided: (draft, remembered, ...decision) => real.decided(draft, { ...remembered, signed: undefined }, ...decision),
  }
})

isFound(import.meta.url)

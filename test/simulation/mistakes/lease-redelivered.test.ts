import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A copy of an earlier report moves the end of a lease as a new one does.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  return {
    ...real,
    judge: (...args) => {
      const judged = real.judge(...args)
      return judged.judgement === 'skip' && judged.reason === 'Duplicate' ? { ...judged, isRepeat: true } : judged
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A report that is a duplicate within the window of its hook does not move the end of a lease.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  return {
    ...real,
    judge: (...args) => {
      const judged = real.judge(...args)
      return 'isRepeat' in judged ? { ...judged, isRepeat: false } : judged
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A record that a process has read before decides whether alerts have begun again.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  return {
    ...real,
    judge: (...args) => {
      const judged = real.judge(...args)
      if (!('mayBeNext' in judged)) return judged
      const { mayBeNext: _, ...known } = judged
      return known
    },
  }
})

isFound(import.meta.url)

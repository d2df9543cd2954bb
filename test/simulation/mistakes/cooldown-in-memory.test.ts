import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Each process knows when a hook has run by itself, and forgets it when it ends.
vi.mock(import('../../../src/record/judge.ts'), async original => {
  const real = await original()
  const ranAt = new WeakMap<object, number>()
  return {
    ...real,
    judge: (memory, remembered, now) => {
      const process = 'ledger' in remembered && typeof remembered.ledger === 'object' ? remembered.ledger : undefined
      const own = process ? ranAt.get(process) : undefined
      const { ranAt: _, ...others } = memory
      const judged = real.judge({ ...others, ...(own === undefined ? {} : { ranAt: own }) }, remembered, now)
      if (process && judged.judgement === 'new') ranAt.set(process, now)
      return judged
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A copy of a delivery counts for the limits like the delivery.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  const { addRun } = await import('../../../src/record/runs.ts')
  return {
    ...real,
    judge: (draft, remembered, now) => {
      const judged = real.judge(draft, remembered, now)
      if (remembered.limits && judged.judgement === 'skip' && judged.reason === 'Duplicate') {
        addRun(draft, { at: now, of: `copy ${now}`, up: 1, down: 1 }, 3_600_000)
      }
      return judged
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Where it is not known whether a step was made, the sender is asked to try again.
vi.mock(import('../../../src/trigger/answer.ts'), async original => {
  const real = await original()
  return {
    ...real,
    answerTo: (outcome, ...rest) => {
      const message = 'try again'
      return real.answerTo(
        outcome.outcome === 'unknown' ? { outcome: 'unavailable', reason: 'ApiUnreachable', message } : outcome,
        ...rest,
      )
    },
  }
})

isFound(import.meta.url)

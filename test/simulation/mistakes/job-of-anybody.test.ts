import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A Job that has the name already is believed to be the one of the delivery.
vi.mock(import('../../../src/drivers/run-job/make.ts'), async original => {
  const real = await original()
  return {
    ...real,
    makeJob: async (...given) => {
      const result = await real.makeJob(...given)
      return result.made === 'taken' ? { made: 'job' } : result
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The end of a hold is given up, like that of a step, if an autoscaler has its count by then.
vi.mock(import('../../../src/record/count-name.ts'), async original => {
  const real = await original()
  return { ...real, isHold: () => false }
})

isFound(import.meta.url)

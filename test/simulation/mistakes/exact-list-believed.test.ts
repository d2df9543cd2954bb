import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A list of an earlier version decides whether a write was made, also while an API server answers from a lost history.
vi.mock(import('../../../src/kube/doubt.ts'), async original => {
  const real = await original()
  return { ...real, withoutDoubt: api => api }
})

vi.stubEnv('SIMULATION_RESTORES', '1')
isFound(import.meta.url)

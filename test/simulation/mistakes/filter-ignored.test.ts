import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The expression of a hook is not asked.
vi.mock(import('../../../src/trigger/gates.ts'), async original => ({
  ...(await original()),
  filtered: () => Promise.resolve(undefined),
}))

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// All requests of a hook are shown at once.
vi.mock(import('../../../src/trigger/approvals.ts'), async original => ({
  ...(await original()),
  turnOf: () => Promise.resolve('first'),
}))

isFound(import.meta.url)

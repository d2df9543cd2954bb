import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Each mark says that the version that it replaces was somebody else's.
vi.mock(import('../../../src/api/mark.ts'), async original => ({
  ...(await original()),
  lastWordAfter: ({ count, resourceVersion }) => ({ since: resourceVersion, word: count }),
}))

isFound(import.meta.url)

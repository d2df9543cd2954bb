import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Who wrote the count last is asked, which may be another hook, and not since when hooks alone write it.
vi.mock(import('../../../src/api/mark.ts'), async original => ({
  ...(await original()),
  whoseCount: (_, { lastWord }) => (lastWord ? 'ours' : 'theirs'),
}))

isFound(import.meta.url)

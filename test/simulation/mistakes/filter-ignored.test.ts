import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The expression of a hook is not asked.
vi.mock(import('../../../src/trigger/when.ts'), () => ({ filtered: () => Promise.resolve(undefined) }))

isFound(import.meta.url)

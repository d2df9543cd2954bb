import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// That a delivery was skipped is not remembered.
vi.mock(import('../../../src/steps/skip.ts'), () => ({ storeSkip: skipped => Promise.resolve(skipped) }))

isFound(import.meta.url)

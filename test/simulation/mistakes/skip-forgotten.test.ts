import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// That a delivery was skipped is not remembered.
vi.mock(import('../../../src/trigger/remember.ts'), () => ({ remember: skipped => Promise.resolve(skipped) }))

isFound(import.meta.url)

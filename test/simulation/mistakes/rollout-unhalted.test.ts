import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Work that has begun goes on after its hook was suspended.
vi.mock(import('../../../src/trigger/halted-acts.ts'), () => ({ haltedActs: acts => acts }))

isFound(import.meta.url)

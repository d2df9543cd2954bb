import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The account of a hook is read once, and never again.
vi.mock(import('../../../src/trigger/limits.ts'), async original => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the real limit has a literal type
  return { ...(await original()), accountKeptMs: 1_000_000 as 1000 }
})

isFound(import.meta.url)

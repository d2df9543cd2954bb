import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A hook that takes back is not stopped at all, and not its undos alone.
vi.mock(import('../../../src/trigger/gates.ts'), async original => {
  const real = await original()
  return { ...real, stopped: (stop, hook) => real.stopped(stop, hook, 'unread') }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A hook is looked at when its post arrives, and not again when its step is folded.
vi.mock(import('../../../src/trigger/hooks.ts'), async original => {
  const real = await original()
  return {
    ...real,
    Hooks: class extends real.Hooks {
      override unchanged(): boolean {
        return true
      }
    },
  }
})

isFound(import.meta.url)

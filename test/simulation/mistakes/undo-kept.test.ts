import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What has been taken back is not taken off what there is to take back.
vi.mock(import('../../../src/record/changes.ts'), async original => {
  const real = await original()
  return {
    ...real,
    applied: (mark, claimed) => memory => {
      const next = real.applied(mark, claimed)(memory)
      return claimed.some(({ undoes }) => undoes !== undefined) ? { ...next, undo: memory.undo } : next
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What a deleted hook has leased ends at its time, as if the hook were there: `onDelete: end` is not obeyed.
vi.mock(import('../../../src/leases/ending.ts'), async original => {
  const real = await original()
  return {
    ...real,
    workIn: (memory, now) => real.workIn(memory, now, { endBefore: undefined, isDeleted: false, isReplaced: false }),
  }
})

isFound(import.meta.url)

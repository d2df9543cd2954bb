import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The end of a lease counts as a run of its hook, which then cools down.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  return {
    ...real,
    applied: (draft, mark, claimed, madeAt) => {
      real.applied(draft, mark, claimed, madeAt)
      for (const { at, ends } of claimed) if (ends !== undefined) draft.set({ ranAt: at })
    },
  }
})

isFound(import.meta.url)

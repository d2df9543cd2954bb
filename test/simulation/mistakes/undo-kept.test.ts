import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What has been taken back is not taken off what there is to take back.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  return {
    ...real,
    applied: (draft, mark, claimed) => {
      const { objects = [], parts = [] } = draft.fields
      real.applied(draft, mark, claimed)
      if (claimed.some(({ undoes }) => undoes !== undefined)) draft.set({ objects, parts })
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'

// A page that the record does not list is deleted, although the write that lists it may be on its way.
vi.mock(import('../../../src/record/closer.ts'), async original => {
  const real = await original()
  return {
    ...real,
    Closer: class extends real.Closer {
      override found(memory: Parameters<InstanceType<typeof real.Closer>['found']>[0]): void {
        super.found(memory, false)
      }
    },
  }
})

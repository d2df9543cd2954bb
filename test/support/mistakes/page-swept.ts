import { vi } from 'vitest'

// A page that the record does not list is deleted, although the write that lists it may be on its way.
vi.mock(import('../../../src/record/record-pages.ts'), async original => {
  const real = await original()
  return {
    ...real,
    RecordPages: class extends real.RecordPages {
      override found(memory: Parameters<InstanceType<typeof real.RecordPages>['found']>[0]): void {
        super.found(memory, false)
      }
    },
  }
})

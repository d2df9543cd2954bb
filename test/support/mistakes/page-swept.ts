import { vi } from 'vitest'

// A page that the record does not list is deleted, although the write that lists it may be on its way.
vi.mock(import('../../../src/record/closer.ts'), async original => {
  const real = await original()
  return {
    ...real,
    closerOf: (...means) => {
      const closer = real.closerOf(...means)
      return {
        ...closer,
        get isCrowded() {
          return closer.isCrowded
        },
        found: memory => closer.found(memory, false),
      }
    },
  }
})

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What is leased goes into a page with the deliveries that leased it.
vi.mock(import('../../../src/record/memory.ts'), async original => {
  const real = await original()
  return {
    ...real,
    withPages: (memory, list) => {
      if (list.length <= (memory.pages?.list.length ?? 0)) return real.withPages(memory, list)
      const { objects: _, parts: __, ...others } = memory
      return real.withPages(others, list)
    },
  }
})

isFound(import.meta.url)

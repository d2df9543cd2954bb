import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What is to be said of a hook is compared with the cache, which may not have the controller's own last write yet.
vi.mock(import('../../../src/controller/written.ts'), async original => {
  const { WrittenHooks } = await original()
  WrittenHooks.prototype.newest = (_, cached) => cached
  return { WrittenHooks }
})

isFound(import.meta.url)

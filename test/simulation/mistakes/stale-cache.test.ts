import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What a watch has reported is used also while the watch is cut or silent, and nothing is read live.
vi.mock(import('../../../src/kube/cache.ts'), async original => {
  const real = await original()
  return {
    ...real,
    watchedCache: (environment, source) => Object.assign(real.watchedCache(environment, source), { fresh: () => true }),
  }
})

isFound(import.meta.url)

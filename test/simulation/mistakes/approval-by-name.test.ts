import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The key of a request is its name, which one that is made again has too.
vi.mock(import('../../../src/api/run-request.ts'), async original => {
  const real = await original()
  return {
    ...real,
    requestSpecOf: request => {
      const spec = real.requestSpecOf(request)
      return { ...spec, key: spec.key ?? request.metadata.name }
    },
  }
})

isFound(import.meta.url)

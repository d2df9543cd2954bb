import { vi } from 'vitest'
import { isObject, parseJson } from '../../../src/api/json.ts'
import { isFound } from './mistake.ts'

// The patch of an object does not say which version it was computed from.
vi.mock(import('../../../src/steps/target/via-object.ts'), async original => {
  const real = await original()
  return {
    ...real,
    viaObject: held => {
      const count = real.viaObject(held)
      return {
        ...count,
        write: (...write) => {
          const request = count.write(...write)
          const patch = parseJson(request.body ?? '[]')
          const left = (Array.isArray(patch) ? patch : []).filter(
            each => isObject(each) && each['path'] !== '/metadata/resourceVersion',
          )
          return { ...request, body: JSON.stringify(left) }
        },
      }
    },
  }
})

isFound(import.meta.url)

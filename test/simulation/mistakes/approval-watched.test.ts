import { vi } from 'vitest'
import type { StoredObject } from '../../../src/api/object.ts'
import { requestPlural } from '../../../src/api/names.ts'
import { isFound } from './mistake.ts'

// A request is looked at as a trigger has first seen it awaiting, and not read again.
vi.mock(import('../../../src/kube/requests.ts'), async original => {
  const real = await original()
  const seen = new WeakMap<object, Map<string, StoredObject>>()
  return {
    ...real,
    read: async (...asked) => {
      const [api, type, , name] = asked
      const own = seen.get(api) ?? new Map<string, StoredObject>()
      seen.set(api, own)
      const known = type.resource === requestPlural ? own.get(name) : undefined
      if (known) return known
      const object = await real.read(...asked)
      if (type.resource === requestPlural && object?.['status'] !== undefined) own.set(name, object)
      return object
    },
  }
})

isFound(import.meta.url)

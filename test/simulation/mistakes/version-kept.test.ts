import { vi } from 'vitest'
import type { TargetState } from '../../../src/steps/target/read.ts'
import { isFound } from './mistake.ts'

// A version of a target that was read once is used for ever, even if others write meanwhile.
vi.mock(import('../../../src/steps/target/read.ts'), async original => {
  const real = await original()
  const processes = new WeakMap<object, Map<string, TargetState>>()
  return {
    ...real,
    readTarget: async (api, target) => {
      const known = processes.get(api) ?? new Map<string, TargetState>()
      processes.set(api, known)
      const found = known.get(target.name) ?? (await real.readTarget(api, target))
      if (found.state === 'found') known.set(target.name, found)
      return found
    },
  }
})

isFound(import.meta.url)

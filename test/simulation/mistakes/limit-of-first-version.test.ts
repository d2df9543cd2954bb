import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A hook keeps the limits that it had when a process first saw it.
vi.mock(import('../../../src/trigger/hook.ts'), async original => {
  const real = await original()
  const first = new Map<string, ReturnType<typeof real.liveHook>['limits']>()
  return {
    ...real,
    liveHook: hook => {
      const live = real.liveHook(hook)
      const limits = first.get(live.uid) ?? live.limits
      if (limits) first.set(live.uid, limits)
      return { ...live, limits }
    },
  }
})

isFound(import.meta.url)

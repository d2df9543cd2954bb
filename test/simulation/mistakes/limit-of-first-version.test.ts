import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A hook keeps the limits that it had when a process first saw it.
vi.mock(import('../../../src/trigger/hook.ts'), async original => {
  const real = await original()
  const first = new Map<string, ReturnType<typeof real.liveHook>['limits']>()
  const withFirst = (live: ReturnType<typeof real.liveHook>): typeof live => {
    const limits = first.get(live.uid) ?? live.limits
    if (limits) first.set(live.uid, limits)
    return { ...live, limits }
  }
  class CachedHook extends real.CachedHook {
    override get live() {
      return withFirst(super.live)
    }
  }
  return { ...real, CachedHook, liveHook: hook => withFirst(real.liveHook(hook)) }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A rollout is written to whichever version is there, not to the one that it was planned from.
vi.mock(import('../../../src/drivers/rollouts/plan.ts'), async original => {
  const real = await original()
  const ofAny = (plan: ReturnType<typeof real.planRestart>) => ({
    ...plan,
    patch: plan.patch.filter(({ path }) => path !== '/metadata/resourceVersion'),
  })
  return {
    ...real,
    patchOf: (...args) => ofAny({ ...real.planOfNothing(), patch: real.patchOf(...args) }).patch,
    planRestart: (...args) => ofAny(real.planRestart(...args)),
  }
})

isFound(import.meta.url)

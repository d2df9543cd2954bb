import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What would be done is compared with what was approved, and then something is done: the two are apart.
vi.mock(import('../../../src/trigger/execute.ts'), async original => {
  const real = await original()
  return {
    ...real,
    execute: async (context, services) => {
      const { approval } = context
      if (approval?.approved === undefined) return await real.execute(context, services)
      const tried = await real.execute({ ...context, approval: { ...approval, approved: undefined } }, services)
      const isApproved = tried.outcome === 'awaiting' && tried.effect === approval.approved
      return isApproved ? await real.execute({ ...context, approval: undefined }, services) : tried
    },
  }
})

isFound(import.meta.url)

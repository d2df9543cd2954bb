import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// That nobody has approved a request in time is written into its status, and not into the record.
vi.mock(import('../../../src/trigger/execute.ts'), async original => {
  const real = await original()
  return {
    ...real,
    execute: (context, services) =>
      context.request.requested?.closes === 'NotApproved'
        ? Promise.resolve({ outcome: 'skipped', reason: 'NotApproved', message: '' })
        : real.execute(context, services),
  }
})

isFound(import.meta.url)

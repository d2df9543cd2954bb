import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What waits for approval runs once its hook asks for none.
vi.mock(import('../../../src/trigger/gates.ts'), async original => {
  const real = await original()
  return {
    ...real,
    unapproved: (context, isGuarded) => {
      const { requested } = context.request
      const request = { ...context.request, ...(requested && { requested: { ...requested, wasShown: false } }) }
      return real.unapproved({ ...context, request }, isGuarded)
    },
  }
})

isFound(import.meta.url)

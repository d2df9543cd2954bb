import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The outcome of a rollout is written to the newest delivery that the record shows, and not to its own.
vi.mock(import('../../../src/record/outcomes.ts'), async original => {
  const { withState, ...others } = await original()
  return {
    ...others,
    withState: (draft, delivery, before, settled) =>
      withState(draft, draft.fields.recent[0] ?? delivery, before, settled),
  }
})

isFound(import.meta.url)

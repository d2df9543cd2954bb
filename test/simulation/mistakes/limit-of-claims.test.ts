import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What is claimed counts for the limits at once, and also if it comes to nothing.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  const { addSteps, isCounted } = await import('../../../src/record/runs.ts')
  return {
    ...real,
    decided: (draft, remembered, at, decision) => {
      real.decided(draft, remembered, at, decision)
      if (decision.state !== 'claimed') return
      const rows = draft.claims().filter(row => row.claim.mark === decision.claim.mark && isCounted(row))
      addSteps(draft, `${decision.claim.mark}/${rows.length}`, rows.slice(-1))
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A count is called complete as soon as it is stored, even if its object says that nothing is available.
vi.mock(import('../../../src/drivers/counted/look.ts'), async original => {
  const { lookAtCount, ...others } = await original()
  return {
    ...others,
    lookAtCount: async (...parts: Parameters<typeof lookAtCount>) => {
      const look = await lookAtCount(...parts)
      return {
        ...look,
        settlementOf: (change, now) => {
          const settlement = look.settlementOf(change, now)
          return settlement.state === 'progressing' ? { ...settlement, state: 'complete' as const } : settlement
        },
      }
    },
  }
})

isFound(import.meta.url)

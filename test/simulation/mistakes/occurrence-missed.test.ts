import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The record does not keep when alerts ended, so alerts that begin again are a duplicate within the window.
vi.mock(import('../../../src/record/groups.ts'), async original => {
  const real = await original()
  return {
    ...real,
    reportOf: group => {
      const { endedAt: _, ...report } = real.reportOf(group)
      return report
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Steps go on under a hold.
vi.mock(import('../../../src/steps/target/via-scale.ts'), async original => {
  const { viaScale } = await original()
  return { viaScale: { ...viaScale, limits: () => undefined } }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import type { Delivery } from '../../../src/api/delivery.ts'
import { isFound } from './mistake.ts'

// A post that only asks for an outcome is recorded like one that was decided.
vi.mock(import('../../../src/trigger/report.ts'), async original => {
  const { reporter, ...others } = await original()
  return {
    ...others,
    reporter: (...parts: Parameters<typeof reporter>) => {
      const report = reporter(...parts)
      return (handled, ms) =>
        report(
          handled.waits?.isPoll ? { ...handled, delivery: asked, waits: { ...handled.waits, isPoll: false } } : handled,
          ms,
        )
    },
  }
})

const asked: Delivery = { sender: 'plain', phase: 'none' }

isFound(import.meta.url)

import { vi } from 'vitest'
import type { Delivery } from '../../../src/api/delivery.ts'
import { isFound } from './mistake.ts'

// A post that only asks for an outcome is recorded like one that was decided.
vi.mock(import('../../../src/trigger/record.ts'), async original => {
  const { recorder, ...others } = await original()
  return {
    ...others,
    recorder: (...parts: Parameters<typeof recorder>) => {
      const record = recorder(...parts)
      return (handled, ms) =>
        record(
          handled.waits?.isPoll ? { ...handled, delivery: asked, waits: { ...handled.waits, isPoll: false } } : handled,
          ms,
        )
    },
  }
})

const asked: Delivery = { sender: 'plain', phase: 'none' }

isFound(import.meta.url)

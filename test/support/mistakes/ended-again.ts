import { vi } from 'vitest'
import { endOf, partOn, type PartOf } from '../../../src/record/parts.ts'

// A process that has seen that a lease or a hold is due ends it, regardless of what the record says of it by then.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  const seen = new WeakMap<object, PartOf>()
  return {
    ...real,
    judge: (draft, remembered, now) => {
      const judged = real.judge(draft, remembered, now)
      const { ends } = remembered
      if (!ends) return judged
      const part = partOn(draft, ends.key, ends.count)
      if (part && endOf(part, ends.endBefore) <= now) seen.set(ends, { part, count: ends.count })
      const before = seen.get(ends)
      return before ? { judgement: 'undo', changed: [before] } : judged
    },
  }
})

import { vi } from 'vitest'
import type { DeliveryContext, Remembered } from '../../../src/record/context.ts'
import { MemoryDraft } from '../../../src/record/draft.ts'
import { isFound } from './mistake.ts'

const isContext = (remembered: Remembered): remembered is DeliveryContext => 'ledger' in remembered

// Each process knows when a hook has run by itself, and forgets it when it ends.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  const ranAt = new WeakMap<object, number>()
  return {
    ...real,
    judge: (draft, remembered, now) => {
      const process = isContext(remembered) ? remembered.ledger() : undefined
      const own = process ? ranAt.get(process) : undefined
      const { ranAt: _, ...others } = draft.memory()
      const forgetful = new MemoryDraft({ ...others, ...(own === undefined ? {} : { ranAt: own }) })
      const judged = real.judge(forgetful, remembered, now)
      if (process && judged.judgement === 'new') ranAt.set(process, now)
      return judged
    },
  }
})

isFound(import.meta.url)

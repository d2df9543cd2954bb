import { vi } from 'vitest'
import type { DeliveryContext, Remembered } from '../../../src/record/context.ts'
import { MemoryDraft } from '../../../src/record/draft.ts'
import { isFound } from './mistake.ts'

const isContext = (remembered: Remembered): remembered is DeliveryContext => 'ledger' in remembered

// Each process counts for a limit only what it has run itself, and forgets it when it ends.
vi.mock(import('../../../src/record/protocol.ts'), async original => {
  const real = await original()
  const ran = new WeakMap<object, readonly { readonly at: number; readonly of: string }[]>()
  return {
    ...real,
    judge: (draft, remembered, now) => {
      if (!isContext(remembered) || !remembered.limits) return real.judge(draft, remembered, now)
      const process = remembered.ledger()
      const runs = ran.get(process) ?? []
      const judged = real.judge(new MemoryDraft({ ...draft.memory(), runs }), remembered, now)
      if (judged.judgement === 'new') ran.set(process, [...runs, { at: now, of: `${runs.length}` }])
      return judged
    },
  }
})

isFound(import.meta.url)

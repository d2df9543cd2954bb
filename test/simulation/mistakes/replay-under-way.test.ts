import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A signed body is looked for among what is done, and not among what is still claimed.
vi.mock(import('../../../src/record/judge.ts'), async original => {
  const real = await original()
  return {
    ...real,
    judge: (memory, remembered, now) => {
      const isClaimed = memory.rows.some(
        ({ body, state }) => state === 'claimed' && body !== undefined && body === remembered.signed?.body,
      )
      return real.judge(memory, isClaimed ? { ...remembered, signed: undefined } : remembered, now)
    },
  }
})

isFound(import.meta.url)

import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What is claimed does not count for the limits before it is known to be stored.
vi.mock(import('../../../src/record/room.ts'), async original => {
  const real = await original()
  const { MemoryDraft } = await import('../../../src/record/draft.ts')
  const withoutClaims = (draft: InstanceType<typeof MemoryDraft>) => {
    const { rows, ...others } = draft.memory()
    return new MemoryDraft({ ...others, rows: rows.filter(({ state }) => state !== 'claimed') })
  }
  return {
    ...real,
    roomForRun: (draft, ...more) => real.roomForRun(withoutClaims(draft), ...more),
    roomForMove: (draft, ...more) => real.roomForMove(withoutClaims(draft), ...more),
  }
})

isFound(import.meta.url)

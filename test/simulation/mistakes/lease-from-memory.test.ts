import { vi } from 'vitest'
import type { Ledger } from '../../../src/record/ledger.ts'
import { isFound } from './mistake.ts'

const own = vi.hoisted(() => new WeakMap<object, Set<string>>())

const keysOf = (ledger: Ledger): Set<string> => {
  const keys = own.get(ledger) ?? new Set()
  own.set(ledger, keys)
  return keys
}

// The process that has leased something ends it by its own memory, and no other process does.
vi.mock(import('../../../src/steps/claims.ts'), async original => {
  const real = await original()
  return {
    ...real,
    foldPosts: (draft, now, posts, on) => {
      const claimed = real.foldPosts(draft, now, posts, on)
      const ledger = posts.find(({ context }) => context.leasing)?.context.ledger()
      for (const { group, leases } of claimed.rows) if (ledger && leases) keysOf(ledger).add(group ?? '')
      return claimed
    },
  }
})

vi.mock(import('../../../src/leases/ending.ts'), async original => {
  const real = await original()
  return {
    ...real,
    endingOf: (ending, part, deadline) => {
      const context = real.endingOf(ending, part, deadline)
      const ends = { key: 'nothing', count: part.count }
      return keysOf(ending.ledger).has(part.part.key) ? context : { ...context, ends }
    },
  }
})

isFound(import.meta.url)

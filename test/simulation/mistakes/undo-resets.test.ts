import { vi } from 'vitest'
import { keyOf } from '../../../src/api/hash.ts'
import type { Member } from '../../../src/steps/claims.ts'
import { isFound } from './mistake.ts'

// The end of an alert brings the count back to what it was when the alert began, whoever else has changed it since.
vi.mock(import('../../../src/steps/claims.ts'), async original => {
  const real = await original()
  /** The count at which each group of alerts has begun. */
  const began = new Map<string, number>()
  const resetting = ({ plan, remembered }: Member): Member['plan'] => {
    const group = remembered?.delivery.group && keyOf(remembered.delivery.group.key)
    return (count: number, delta: number) =>
      (delta === 0 || group === undefined ? undefined : began.get(group)) ?? plan(count, delta)
  }
  return {
    ...real,
    claim: (memory, now, members, write) => {
      const claimed = real.claim(
        memory,
        now,
        members.map(member => ({ ...member, plan: resetting(member) })),
        write,
      )
      for (const { from, group, undoes } of claimed.rows) {
        if (group === undefined) continue
        if (undoes !== undefined) began.delete(group)
        else if (!began.has(group)) began.set(group, from)
      }
      return claimed
    },
  }
})

isFound(import.meta.url)

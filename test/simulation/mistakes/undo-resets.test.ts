import { vi } from 'vitest'
import { keyOf, type Memory } from '../../../src/api/record.ts'
import type { Member } from '../../../src/steps/claims.ts'
import { isFound } from './mistake.ts'

// The end of an alert brings the count back to what it was when the alert began, whoever else has changed it since.
vi.mock(import('../../../src/steps/claims.ts'), async original => {
  const real = await original()
  const resetting = (memory: Memory, { plan, remembered }: Member): Member['plan'] => {
    const group = remembered?.delivery.group && keyOf(remembered.delivery.group.key)
    const first = memory.rows.find(row => row.group === group && row.from !== undefined && row.undoes === undefined)
    return (count, delta) => (delta === 0 ? undefined : first?.from) ?? plan(count, delta)
  }
  return {
    ...real,
    claim: (memory, now, members, write) =>
      real.claim(
        memory,
        now,
        members.map(member => ({ ...member, plan: resetting(memory, member) })),
        write,
      ),
  }
})

isFound(import.meta.url)

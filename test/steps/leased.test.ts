import { expect, it } from 'vitest'
import type { ClaimedRow } from '../../src/api/row.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { emptyMemory } from '../../src/record/memory.ts'
import { addToPart } from '../../src/record/parts.ts'
import { endPlanOf, hasRoomFor } from '../../src/steps/leased.ts'

const nameOf = (index: number) => ({ target: `apps/v1/deployments/Deployment/web-${index}`, uid: `${index}` })

const step = (index: number, isLease: boolean): ClaimedRow => ({
  state: 'claimed',
  key: `${index}`,
  at: index,
  from: 1,
  to: 2,
  group: 'g',
  claim: { mark: 'receiver-hooks.a.1.5.1', ...nameOf(index), version: '7', to: 2, helped: false },
  ...(isLease && { leases: { until: 1000, low: 1, high: 9 } }),
})

it('a record has room for the leases of 64 counts, and none of them is dropped for another', () => {
  const draft = new MemoryDraft(emptyMemory)
  for (let index = 0; index < 63; index++) addToPart(draft, step(index, true))
  expect(hasRoomFor(draft, nameOf(99))).toBe(true)
  draft.add(step(63, true))
  expect(hasRoomFor(draft, nameOf(99))).toBe(false)
  expect(hasRoomFor(draft, nameOf(3))).toBe(true)
})

it('what an undo alone would take back makes room for a lease', () => {
  const draft = new MemoryDraft(emptyMemory)
  for (let index = 0; index < 64; index++) addToPart(draft, step(index, false))
  expect(hasRoomFor(draft, nameOf(99))).toBe(true)
  addToPart(draft, step(99, true))
  expect(draft.fields.objects?.length).toBe(64)
  expect(draft.fields.objects).toContainEqual(nameOf(99))
})

it('the end of a lease without bounds takes back all of it, to nothing and beyond any maximum', () => {
  const part = { key: 'g', object: 0, since: '1', at: 0, delta: 3 }
  expect(endPlanOf(part)(3, 3)).toBe(0)
  expect(endPlanOf(part)(2, 3)).toBe(0)
  expect(endPlanOf(part)(100_000, -3)).toBe(100_003)
  expect(endPlanOf({ ...part, low: 2, high: 9 })(3, 3)).toBe(2)
})

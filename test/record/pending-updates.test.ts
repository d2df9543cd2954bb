import { expect } from 'vitest'
import type { RecentDelivery } from '../../src/api/record.ts'
import { noteOf, withState } from '../../src/record/protocol.ts'
import { emptyMemory, type Memory } from '../../src/record/memory.ts'
import { PendingUpdates } from '../../src/record/pending-updates.ts'
import { fc, property } from '../support/property.ts'
import { changeBy, noted, refusedAt, type Change } from '../support/memories.ts'

const now = Date.UTC(2026, 0, 1)

const delivery = fc
  .record({ at: fc.integer({ min: now, max: now + 30 }), outcome: fc.constantFrom('applied', 'failed', 'skipped') })
  .map((delivered): RecentDelivery => ({ sender: 'plain', reason: 'Stepped', ...delivered }))

const acts = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: delivery.map(delivered => ({ act: 'note' as const, delivered })) },
    fc.integer({ min: 0, max: 30 }).map(ms => ({ act: 'add' as const, update: refusedAt(now + ms) })),
    delivery.map(reported => ({ act: 'amend' as const, reported })),
    fc.constantFrom({ act: 'look' as const }, { act: 'seal' as const }, { act: 'drop' as const }),
  ),
  { maxLength: 120, size: 'max' },
)

/** Returns what of a memory is looked at before a write: all but the reports, by which nothing is decided. */
const undecided = (memory: Memory): Memory => ({ ...memory, counts: {}, recent: [] })

property('what waits is applied as if each update and each delivery had been added by itself', [acts], all => {
  const pending = new PendingUpdates()
  let waiting: Change[] = []
  /** How many updates the write in progress includes, and how many of those were added by themselves. */
  let sealed = { updates: 0, own: 0 }
  const plainly = () => waiting.reduce((memory, update) => update(memory), emptyMemory)
  for (const done of all) {
    switch (done.act) {
      case 'note':
        pending.note(done.delivered)
        waiting.push(noted(noteOf(done.delivered)))
        break
      case 'add':
        pending.add(done.update)
        waiting.push(done.update)
        break
      case 'amend': {
        const update = changeBy(draft => withState(draft, done.reported, undefined, { state: 'complete' }))
        pending.amend(update)
        waiting.push(update)
        break
      }
      case 'look':
        expect(undecided(pending.applied(emptyMemory).memory())).toEqual(undecided(plainly()))
        break
      case 'seal':
        sealed = { updates: pending.seal(), own: waiting.length }
        expect(pending.applied(emptyMemory).memory()).toEqual(plainly())
        break
      case 'drop':
        pending.drop(sealed.updates)
        waiting = waiting.slice(sealed.own)
        sealed = { updates: 0, own: 0 }
    }
    expect(pending.length > 0).toBe(waiting.length > 0)
  }
  pending.seal()
  expect(pending.applied(emptyMemory).memory()).toEqual(plainly())
})

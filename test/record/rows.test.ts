import type { Row } from '../../src/api/row.ts'
import { describe, expect, it } from 'vitest'
import { emptyMemory } from '../../src/record/memory.ts'
import { fc, property } from '../support/property.ts'
import { hasRoom, withRow } from '../support/memories.ts'

const now = Date.UTC(2026, 0, 1)

const rows = fc.array(
  fc.record({ agoMs: fc.integer({ min: -10, max: 10 }), isNamed: fc.boolean(), isDone: fc.boolean() }),
  { maxLength: 12 },
)

describe('a record', () => {
  property(
    'has room while fewer names than it holds are within their window, in any order',
    [rows, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 })],
    (found, maxRows, windowMs) => {
      const all = found.map(({ agoMs, isDone, isNamed }, index): Row => ({
        ...(isDone ? { state: 'done', from: 1, to: 2 } : { state: 'skipped', reason: 'Filtered' }),
        key: isNamed ? `name${index}` : `mark/${index}`,
        at: now - agoMs,
      }))
      const young = found.filter(({ agoMs, isNamed }) => isNamed && Math.abs(agoMs) < windowMs)
      expect(hasRoom({ ...emptyMemory, rows: all, maxRows }, now, windowMs)).toBe(young.length < maxRows)
    },
  )

  it('forgets the oldest row of too many, though it is the one whose step is only now known to be made', () => {
    const young = [3, 2, 1].map((ago): Row => ({ state: 'done', key: `young${ago}`, at: now - ago, from: 1, to: 2 }))
    const claim = { mark: 'mark', target: 'web', uid: 'uid', version: '7', to: 2, helped: true }
    const old = { key: 'old', at: now - 1000, from: 1, to: 2 }
    const memory = { ...emptyMemory, rows: [{ ...old, state: 'claimed', claim } as const, ...young], maxRows: 3 }
    expect(withRow({ ...old, state: 'done' })(memory).rows).toEqual(young)
    expect(withRow({ ...old, at: now - 2, state: 'done' })(memory).rows.map(({ key }) => key)).toEqual([
      'young2',
      'young1',
      'old',
    ])
  })
})

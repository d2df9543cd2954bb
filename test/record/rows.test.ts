import { describe, expect } from 'vitest'
import { emptyMemory, type Row } from '../../src/record/memory.ts'
import { hasRoom } from '../../src/record/rows.ts'
import { fc, property } from '../support/property.ts'

const now = Date.UTC(2026, 0, 1)

const rows = fc.array(
  fc.record({ agoMs: fc.integer({ min: -10, max: 10 }), isNamed: fc.boolean(), isDone: fc.boolean() }),
  { maxLength: 12 },
)

describe('a record', () => {
  property(
    'has room while fewer names than it holds are within their window, in whatever order they stand',
    [rows, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 })],
    (found, mostRows, windowMs) => {
      const all = found.map(({ agoMs, isDone, isNamed }, index): Row => ({
        ...(isDone ? { state: 'done', from: 1, to: 2 } : { state: 'skipped', reason: 'Filtered' }),
        key: isNamed ? `name${index}` : `mark/${index}`,
        at: now - agoMs,
      }))
      const young = found.filter(({ agoMs, isNamed }) => isNamed && Math.abs(agoMs) < windowMs)
      expect(hasRoom({ ...emptyMemory, rows: all, mostRows }, now, windowMs)).toBe(young.length < mostRows)
    },
  )
})

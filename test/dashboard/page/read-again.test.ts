import { describe, expect, it } from 'vitest'
import { keptAnswer, readAgainKey } from '../../../dashboard/page/reading.ts'
import type { ListedHook, ServerAnswer } from '../../../dashboard/protocol.ts'

const row: ListedHook = {
  key: 'shop/web-up',
  namespace: 'shop',
  name: 'web-up',
  uid: 'u1',
  generation: 1,
  driver: 'scale',
  does: 'scale up by 1',
  suspended: false,
  ready: 'True',
  reason: 'Valid',
  message: '',
  recent: [],
  counts: {},
  url: 'status',
}
const last = { time: '2026-01-01T00:00:00Z', sender: 'plain', outcome: 'applied', reason: 'Stepped' }
const keyOf = (more: Partial<ListedHook> = {}, now = 0): string => readAgainKey(row.key, { ...row, ...more }, now)

describe('the page of a hook', () => {
  it.each([
    ['a delivery, which uses up a limit', { last, counts: { applied: 1 } }, 0],
    ['a second delivery in the same second', { counts: { applied: 2 } }, 0],
    ['a condition says something else', { message: 'a lease is overdue' }, 0],
    ['what it has leased changes', { leases: { open: 1, sum: 2 } }, 0],
    ['somebody edits it', { generation: 2 }, 0],
    ['a minute has passed, in which a window may open or a URL expire', {}, 60_000],
  ])('reads it again after %s', (_, more, now) => {
    expect(keyOf(more, now)).not.toBe(keyOf())
  })

  it('does not read it again for nothing', () => {
    expect(keyOf({ counts: {} }, 59_999)).toBe(keyOf())
  })

  it('shows what it knows while the hook cannot be read', () => {
    const hook: ServerAnswer<string> = { ok: true, body: 'hook' }
    const refused = (reason: string): ServerAnswer<string> => ({
      ok: false,
      status: 0,
      refusal: { reason, message: '' },
    })
    expect(keptAnswer(hook, refused('Unreachable'))).toEqual(hook)
    expect(keptAnswer(hook, refused('NotFound'))).toEqual(refused('NotFound'))
    expect(keptAnswer(undefined, refused('Unreachable'))).toEqual(refused('Unreachable'))
    expect(keptAnswer(refused('Unreachable'), hook)).toEqual(hook)
  })
})

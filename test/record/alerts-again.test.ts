import { expect, it } from 'vitest'
import { emptyMemory, storedOf, type Memory } from '../../src/record/memory.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { allSeen, decided, judge, withReport } from '../support/memories.ts'
import { reportOf } from '../../src/record/groups.ts'
import { deliveryOfAlerts } from '../../src/senders/alerts.ts'
import { notification } from '../support/alertmanager.ts'
import { acted, begun } from '../../src/record/acts.ts'

const now = Date.UTC(2026, 0, 1, 12)
it('an end takes the place of no group that fires', () => {
  let memory: Memory = emptyMemory
  const group = (n: number, firing: string[]) => ({ key: `g${n}`, firing, mixed: false })
  for (let n = 0; n < 64; n++) memory = withReport(reportOf(group(n, ['a'])), now + n)(memory)
  memory = withReport(reportOf({ ...group(64, []), endedAt: now }), now + 64)(memory)
  expect(allSeen(memory, group(0, ['a']))).toBe(true)
  memory = withReport(reportOf({ ...group(5, []), endedAt: now }), now + 65)(memory)
  memory = withReport(reportOf(group(70, ['a'])), now + 66)(memory)
  expect([allSeen(memory, group(0, ['a'])), allSeen(memory, group(70, ['a'])), Object.keys(memory.groups).length]).toEqual([true, true, 64])
})

const body = (status: 'firing' | 'resolved', why: string | undefined, began: number, ended?: number) => {
  const at = (m: number) => new Date(Date.UTC(2026, 0, 1, 10, m)).toISOString()
  const { notification_reason: _, ...b } = notification(status, '')
  return { ...b, ...(why && { notification_reason: why }), alerts: b.alerts.map(a => ({ ...a, startsAt: at(began), endsAt: ended === undefined ? '0001-01-01T00:00:00Z' : at(ended) })) }
}
const remembered = (b: object) => ({ delivery: deliveryOfAlerts('alertmanager', b), undo: false, dedupeWindowMs: 86_400_000, cooldownMs: 0 })
const word = (memory: Memory, b: object) => { const j = judge(memory, remembered(b), now + 100); return j.judgement === 'skip' ? j.reason : j.judgement }

it('an end that is reported while an act is open', () => {
  const firing = (began: number) => remembered(body('firing', undefined, began)).delivery
  const draft = new MemoryDraft(emptyMemory)
  const delivery = firing(0)
  const act = { key: 'x', at: now, id: 'i', newsAt: delivery.identity?.newsAt ?? 0, report: reportOf(delivery.group as never) }
  begun(draft, act as never)
  decided(remembered(body('resolved', undefined, 0, 5)), now + 5, { state: 'skipped', reason: 'Resolved' })(draft)
  acted(draft, act as never, { summary: 's', ran: true })
  const { groups } = storedOf(draft.memory()) as unknown as { groups: Record<string, { firing: string[] }> }
  expect(Object.values(groups)).toMatchObject([{ firing: [], endedAt: Date.UTC(2026, 0, 1, 10, 5) }])
})

it('skipped while suspended, and begun again', () => {
  let memory: Memory = emptyMemory
  memory = decided(remembered(body('firing', 'first notification', 0)), now, { state: 'skipped', reason: 'Suspended' })(memory)
  memory = decided(remembered(body('resolved', 'all alerts resolved', 0, 5)), now + 1, { state: 'skipped', reason: 'Suspended' })(memory)
  expect([word(memory, body('firing', 'first notification', 0)), word(memory, body('firing', 'first notification', 7))]).toEqual(['Duplicate', 'new'])
})

it('a late copy of an end, after the alert has begun again and outside of the window', () => {
  const short = (b: object) => ({ ...remembered(b), undo: true, dedupeWindowMs: 40_000 })
  let memory: Memory = emptyMemory
  const skip = { state: 'skipped', reason: 'Suspended' } as const
  memory = decided(short(body('firing', 'first notification', 0)), now, skip)(memory)
  memory = decided(short(body('resolved', 'all alerts resolved', 0, 5)), now + 60_000, skip)(memory)
  memory = decided(short(body('firing', 'first notification', 7)), now + 120_000, skip)(memory)
  const at = (b: object) => { const j = judge(memory, short(b), now + 180_000); return j.judgement === 'skip' ? j.reason : j.judgement }
  expect([at(body('resolved', 'all alerts resolved', 0, 5)), at(body('resolved', 'all alerts resolved', 7, 9))]).toEqual(['Duplicate', 'NothingToUndo'])
})

it('a copy by the program of before', () => {
  const key = (b: object, sender: string) => deliveryOfAlerts(sender, b).identity?.key
  const base = JSON.parse(key(body('firing', undefined, 0), 'grafana') ?? '[]') as unknown[]
  expect(base).toHaveLength(5)
})

import { expect, it } from 'vitest'
import { actService } from '../../src/acts/once.ts'
import type { Work, Worked } from '../../src/acts/acts.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { emptyMemory } from '../../src/record/memory.ts'
import { decided } from '../../src/record/decided.ts'
import { deliveryOfAlerts } from '../../src/senders/alerts.ts'
import { notification } from '../support/alertmanager.ts'
import { nodeClock } from '../../src/environment/system.ts'

const body = (status: 'firing' | 'resolved', why: string | undefined, began: number, ended?: number) => {
  const at = (m: number) => new Date(Date.UTC(2026, 0, 1, 10, m)).toISOString()
  const { notification_reason: _, ...b } = notification(status, '')
  return { ...b, ...(why && { notification_reason: why }), alerts: b.alerts.map(a => ({ ...a, startsAt: at(began), endsAt: ended === undefined ? '0001-01-01T00:00:00Z' : at(ended) })) }
}

it.each([[undefined], ['first notification']])('a new alert while an act is open: %s', async why => {
  const draft = new MemoryDraft(emptyMemory)
  const service = actService({ clock: nodeClock, log: { error: console.error } as never, random: { bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)) } as never })
  const context = (b: object) => ({
    delivery: deliveryOfAlerts('alertmanager', b), undo: false, dedupeWindowMs: 86_400_000, cooldownMs: 0,
    hook: { uid: 'u' }, deadline: nodeClock.monotonic() + 500, isAskable: false, dryRun: false,
    isCurrent: () => true, isSpent: () => false, charge: () => {},
    ledger: () => ({ decide: (f: (d: MemoryDraft, now: number) => { result: unknown }) => Promise.resolve({ decided: 'stored', result: f(draft, nodeClock.now()).result }), later: (f: (d: MemoryDraft) => void) => f(draft) }),
  })
  const ids: string[] = []
  const ends = new Map<string, (w: Worked) => void>()
  const work: Work = act => { ids.push(act.id); return new Promise(resolve => ends.set(act.id, resolve)) }
  const post = async (b: object) => await service.of(context(b) as never).once(work)
  await post(body('firing', why, 0))
  decided(draft, context(body('resolved', why && 'all alerts resolved', 0, 5)) as never, nodeClock.now(), { state: 'skipped', reason: 'Resolved' })
  await post(body('firing', why, 7))
  await post(body('firing', why, 7))
  expect([ids.length, new Set(ids).size]).toEqual([2, 2])
  const done = { worked: 'done', outcome: { outcome: 'applied', reason: 'Restarted', summary: 's' } } as never
  for (const end of ends.values()) end(done)
  await new Promise(resolve => setTimeout(resolve, 20))
  expect(await post(body('firing', why, 7))).toMatchObject({ reason: 'Duplicate' })
  expect(await post(body('firing', why && 'repeat interval elapsed', 7))).toMatchObject({ reason: 'Duplicate' })
  expect(ids.length).toBe(2)
}, 10_000)

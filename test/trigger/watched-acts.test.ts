import { describe, expect, it } from 'vitest'
import type { Acts, EndedWork } from '../../src/acts/acts.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { MemoryDraft, type Update } from '../../src/record/draft.ts'
import { emptyMemory } from '../../src/record/memory.ts'
import { recorder, type FollowedDelivery } from '../../src/trigger/record.ts'
import { watchedActs } from '../../src/trigger/watched-acts.ts'
import { testEnvironment } from '../support/environment.ts'
import { noLedger, someContext } from './some-hook.ts'

/** Ends work whose post has had its answer, and returns what is reported of it. */
const endLate = async (outcome: Outcome, ended: Partial<EndedWork> = {}) => {
  const environment = testEnvironment()
  const { lines, metrics } = environment
  const draft = new MemoryDraft(emptyMemory)
  const later = (update: Update): void => update(draft)
  const followed: FollowedDelivery[] = []
  const record = recorder(
    environment,
    { of: () => ({ ...noLedger, later }) },
    { has: () => true },
    () => {},
    change => void followed.push(change),
  )
  const plain: Acts = {
    once: (_work, how) => {
      how?.ended?.({ outcome, isAnswered: false, wasDone: () => false, ...ended })
      return Promise.resolve({ outcome: 'unknown' })
    },
    settle: () => Promise.resolve(true),
  }
  const budget = { isSpent: () => false }
  const authenticate = () => Promise.reject(new Error('this test asks for no hook'))
  const watched = watchedActs({ ...environment, authenticate, budget, record, notifyLimited: () => {} })
  await watched(plain, someContext()).once(() => Promise.reject(new Error('this test does no work')))
  const { counts, recent } = draft.fields
  return { counts, followed, lines, metrics: await metrics.text(), recent }
}

describe('work that ends after the answer', () => {
  it('is reported as failed if it is not done: in the record, the metric and the log', async () => {
    const message = '2 of 5 workloads are done'
    const { counts, followed, lines, metrics, recent } = await endLate({
      outcome: 'unavailable',
      reason: 'Unfinished',
      message,
    })
    expect(recent).toMatchObject([{ outcome: 'failed', reason: 'Unfinished', message, sender: 'plain' }])
    expect(counts).toEqual({ failed: 1 })
    expect(metrics).toMatch(/^receiverhooks_deliveries_total\{.*outcome="failed",reason="Unfinished".*\} 1$/m)
    // It is the outcome of no answer, so it has no duration of one.
    expect(metrics).not.toMatch(/^receiverhooks_delivery_duration_seconds_count\{.*outcome="failed"\}/m)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('"level":"warn"')
    expect(followed).toEqual([])
  })

  it('is reported as an answer would be if it is done, and its change is followed', async () => {
    const evidence = { did: ['a'], n: 1 }
    const { followed, recent } = await endLate({
      outcome: 'applied',
      reason: 'RolledOut',
      summary: 'rolled out',
      changes: [],
      evidence,
    })
    expect(recent).toMatchObject([{ outcome: 'applied', reason: 'RolledOut', summary: 'rolled out' }])
    expect(followed).toMatchObject([{ delivery: recent[0], change: evidence }])
  })

  it('is not listed if another process has done it, and lists it itself', async () => {
    const { counts, recent } = await endLate(
      { outcome: 'applied', reason: 'RolledOut', summary: 'rolled out', changes: [] },
      { wasDone: () => true },
    )
    expect([recent, counts]).toEqual([[], {}])
  })

  it('is not reported if a post was answered with it, or if it is decided again', async () => {
    const answered = await endLate({ outcome: 'changed' }, { isAnswered: true })
    expect([answered.recent, answered.lines]).toEqual([[], []])
  })
})

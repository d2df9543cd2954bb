import { describe, expect, it } from 'vitest'
import { recordFormat } from '../../src/api/record.ts'
import { moveWithin } from '../../src/drivers/arithmetic.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { openLedgers } from '../../src/record/ledgers.ts'
import { stepService } from '../../src/steps/service.ts'
import { storeSkip } from '../../src/steps/skip.ts'
import type { Step } from '../../src/steps/steps.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { fatefulConnection } from '../support/fateful.ts'
import { stepServer } from '../support/step-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const target = deploymentTarget('web')
const plan = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 10, overshoot: 'clamp' })
const later = JSON.stringify({ format: recordFormat + 1, pages: ['web-up-1'] })

const setUp = () => {
  const clock = fakeClock()
  const server = stepServer({ web: 2 })
  server.hooks.set('web-up', 'h1')
  server.putRecord('web-up', 'h1', later)
  const api = fatefulConnection(clock, server.handle, {
    fate: () => 'answered',
    latencyMs: () => 1,
    isDead: () => false,
  })
  const environment = testEnvironment({ api, clock })
  const ledgers = openLedgers(environment)
  const ledger = ledgers.of({ namespace: 'shop', name: 'web-up', uid: 'h1' })
  const recorded = {
    delivery: { phase: 'firing', identity: { key: 'a' } },
    undo: false,
    cooldownMs: 0,
    dedupeWindowMs: 40_000,
    ledger,
  } as const
  const service = stepService(environment)
  const admitted = (isNamed: boolean) => ({
    deadline: clock.monotonic() + 4000,
    isCurrent: () => true,
    ...(isNamed && { recorded }),
  })
  const soon = async <T>(made: Promise<T>): Promise<T> => {
    await clock.advance(100)
    return await made
  }
  return { admitted, environment, ledger, ledgers, recorded, server, service, soon }
}

describe('a record that a later version has written', () => {
  it.each(['of', 'preview'] as const)('has its named deliveries wait for that version (%s)', async how => {
    const { admitted, server, service, soon } = setUp()
    const step: Step = await soon(service[how](admitted(true)).change(target, plan))
    expect(step).toMatchObject({ step: 'unavailable', reason: 'RecordTooNew' })
    expect(server.replicas('web')).toBe(2)
    expect(server.record('web-up')?.['content']).toBe(later)
  })

  it('has its skips wait for that version', async () => {
    const { admitted, environment, recorded, server, soon } = setUp()
    const skipped = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    const outcome = await soon(storeSkip(skipped, recorded, { ...environment, ...admitted(true) }))
    expect(outcome).toMatchObject({ outcome: 'unavailable', reason: 'RecordTooNew' })
    expect(server.record('web-up')?.['content']).toBe(later)
  })

  it('keeps no unnamed post from its step', async () => {
    const { admitted, service, soon } = setUp()
    expect(await soon(service.of(admitted(false)).change(target, plan))).toEqual({ step: 'done', from: 2, to: 3 })
  })

  it('is left as it is when something waits to be stored', async () => {
    const { ledger, server, soon } = setUp()
    ledger.note({ at: 0, sender: 'plain', outcome: 'applied', reason: 'Stepped' })
    await soon(ledger.flush(() => true))
    expect(server.record('web-up')?.['content']).toBe(later)
  })

  it('is reported, once in the log and until it can be read again', async () => {
    const { admitted, environment, ledgers, server, service, soon } = setUp()
    const post = () => soon(service.of(admitted(true)).change(target, plan))
    await post()
    await post()
    const why = `the record shop/web-up has format ${recordFormat + 1}`
    expect(environment.lines.filter(line => line.includes(why))).toHaveLength(1)
    expect(ledgers.newer()).toContain(why)
    server.putRecord('web-up', 'h1', JSON.stringify(storedOf(emptyMemory)))
    expect(await post()).toMatchObject({ step: 'done' })
    expect(ledgers.newer()).toBeUndefined()
  })
})

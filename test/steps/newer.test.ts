import { describe, expect, it } from 'vitest'
import { recordFormat } from '../../src/api/record.ts'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import type { DeliveryContext } from '../../src/record/context.ts'
import { StepService } from '../../src/steps/service.ts'
import { storeSkip } from '../../src/steps/skip.ts'
import type { Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection } from '../support/faulty-connection.ts'
import { answer } from '../support/scripted-connection.ts'
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
  let mayRead = true
  const handle: typeof server.handle = request =>
    mayRead || !request.path.includes('/receiverhookrecords/') ? server.handle(request) : answer(403, {})
  const api = faultyConnection(clock, handle, {
    fault: () => 'answered',
    latencyMs: () => 1,
    isDead: () => false,
  })
  const environment = testEnvironment({ api, clock })
  const ledgers = new Ledgers(environment)
  const ledger = ledgers.of({ namespace: 'shop', name: 'web-up', uid: 'h1' })
  const service = new StepService(environment)
  const context = (isNamed: boolean, dryRun = false): DeliveryContext =>
    contextOf({
      delivery: { phase: 'firing', ...(isNamed && { identity: { key: 'a' } }) },
      deadline: clock.monotonic() + 4000,
      dryRun,
      ledger: () => ledger,
    })
  const soon = async <T>(made: Promise<T>): Promise<T> => {
    await clock.advance(100)
    return await made
  }
  const forbidRecords = (): void => {
    mayRead = false
  }
  return { context, environment, forbidRecords, ledger, ledgers, server, service, soon }
}

it('a dry run says that the record of its hook cannot be read', async () => {
  const { context, service, soon, forbidRecords } = setUp()
  forbidRecords()
  const previewed = service.of(context(true, true))(target, plan)
  for (let i = 0; i < 20; i += 1) await soon(Promise.resolve())
  const step: Step = await soon(previewed)
  expect(step).toMatchObject({ outcome: 'failed', reason: 'Forbidden' })
})

describe('a record that a later version has written', () => {
  it.each([false, true])('has its named deliveries wait for that version (as a dry run: %s)', async dryRun => {
    const { context, server, service, soon } = setUp()
    const step: Step = await soon(service.of(context(true, dryRun))(target, plan))
    expect(step).toMatchObject({ outcome: 'unavailable', reason: 'RecordTooNew' })
    expect(server.replicas('web')).toBe(2)
    expect(server.record('web-up')?.['content']).toBe(later)
  })

  it('has its skips wait for that version', async () => {
    const { context, environment, server, soon } = setUp()
    const skipped = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    const outcome = await soon(storeSkip(skipped, context(true), environment))
    expect(outcome).toMatchObject({ outcome: 'unavailable', reason: 'RecordTooNew' })
    expect(server.record('web-up')?.['content']).toBe(later)
  })

  it('keeps no unnamed post from its step', async () => {
    const { context, service, soon } = setUp()
    expect(await soon(service.of(context(false))(target, plan))).toEqual({ outcome: 'done', from: 2, to: 3 })
  })

  it('is left as it is when something waits to be stored', async () => {
    const { ledger, server, soon } = setUp()
    ledger.note({ at: 0, sender: 'plain', outcome: 'applied', reason: 'Stepped' })
    await soon(ledger.flush(() => true))
    expect(server.record('web-up')?.['content']).toBe(later)
  })

  it('is reported, once in the log and until it can be read again', async () => {
    const { context, environment, ledgers, server, service, soon } = setUp()
    const post = () => soon(service.of(context(true))(target, plan))
    await post()
    await post()
    const why = `the record shop/web-up has format ${recordFormat + 1}`
    expect(environment.lines.filter(line => line.includes(why))).toHaveLength(1)
    expect(ledgers.newer()).toContain(why)
    server.putRecord('web-up', 'h1', JSON.stringify(storedOf(emptyMemory)))
    expect(await post()).toMatchObject({ outcome: 'done' })
    expect(ledgers.newer()).toBeUndefined()
  })
})

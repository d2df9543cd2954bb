import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/api/hash.ts'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { begun } from '../../src/record/acts.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { defaultLimits } from '../../src/record/memory.ts'
import type { DeliveryContext } from '../../src/record/context.ts'
import { StepService } from '../../src/steps/service.ts'
import { storeSkip } from '../../src/steps/skip.ts'
import type { Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection } from '../support/faulty-connection.ts'
import { stepServer } from '../support/step-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const target = deploymentTarget('web')
const plan = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 100_000, overshoot: 'clamp' })
const windowMs = 40_000

const setUp = () => {
  const clock = fakeClock()
  const server = stepServer({ web: 0 })
  server.hooks.set('web-up', 'h1')
  const api = faultyConnection(clock, server.handle, {
    fault: () => 'answered',
    latencyMs: () => 1,
    isDead: () => false,
  })
  const environment = testEnvironment({ api, clock })
  const service = new StepService(environment)
  const ledger = new Ledgers(environment, { ...defaultLimits, rows: 1000 }).of({
    namespace: 'shop',
    name: 'web-up',
    uid: 'h1',
  })
  const context = (key: string): DeliveryContext =>
    contextOf({
      delivery: { phase: 'firing', identity: { key } },
      dedupeWindowMs: windowMs,
      deadline: clock.monotonic() + 4000,
      ledger: () => ledger,
    })
  const post = (key: string): Promise<Step> => service.of(context(key))(target, plan)
  const soon = async <T>(made: Promise<T>): Promise<T> => {
    await clock.advance(500)
    return await made
  }
  const posts = (count: number): Promise<readonly Step[]> =>
    soon(Promise.all(Array.from({ length: count }, (_, i) => post(`other ${i}`))))
  return { clock, environment, ledger, post, posts, context, server, soon }
}

const stepsIn = (steps: readonly Step[]): number => steps.filter(({ outcome }) => outcome === 'done').length

describe('more names than a hook can remember within its window', () => {
  it('forget none of the others: a copy of the first is no second step', async () => {
    const { post, posts, server, soon } = setUp()
    expect(await soon(post('first'))).toMatchObject({ outcome: 'done' })
    const steps = await posts(1100)
    expect(stepsIn(steps)).toBe(999)
    const refused = steps.filter(step => step.outcome === 'unavailable' && step.reason === 'RecordFull')
    expect(refused).toHaveLength(101)
    expect(await soon(post('first'))).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(server.replicas('web')).toBe(1000)
  })

  it('are taken again as soon as the oldest are past the window', async () => {
    const { clock, post, posts, soon } = setUp()
    await posts(1000)
    expect(await soon(post('late'))).toMatchObject({ reason: 'RecordFull' })
    await clock.advance(windowMs)
    expect(await soon(post('late'))).toMatchObject({ outcome: 'done' })
  })

  it('have a skip wait as well, since a copy of it must not be executed later', async () => {
    const { context, environment, posts, soon } = setUp()
    await posts(1000)
    const skipped = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    expect(await soon(storeSkip(skipped, context('late'), environment))).toMatchObject({
      outcome: 'unavailable',
      reason: 'RecordFull',
    })
    expect(await soon(storeSkip(skipped, context('other 1'), environment))).toMatchObject({ reason: 'Duplicate' })
  })

  it('are written down, for an Event, also where all of them are skipped', async () => {
    const { clock, context, environment, ledger, posts, server, soon } = setUp()
    await posts(1000)
    const skipped = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    await soon(storeSkip(skipped, context('late'), environment))
    await soon(ledger.flush(() => true))
    expect(clock.now() - (server.memory('web-up')?.fullAt ?? 0)).toBeLessThan(10_000)
  })

  it('are not written down where a skip has another reason to wait', async () => {
    const { clock, context, environment, ledger, server, soon } = setUp()
    ledger.later(draft => begun(draft, { key: keyOf('late'), at: clock.now(), id: 'act-1', of: 'body' }))
    const skipped = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    const asking = { ...context('late'), isAskable: true }
    expect(await soon(storeSkip(skipped, asking, environment))).toMatchObject({ reason: 'Unfinished' })
    await soon(ledger.flush(() => true))
    expect(server.memory('web-up')?.acts).toHaveLength(1)
    expect(server.memory('web-up')?.fullAt).toBeUndefined()
  })

  it('are written down only once there are too many', async () => {
    const { ledger, posts, server, soon } = setUp()
    await posts(3)
    await soon(ledger.flush(() => true))
    expect(server.memory('web-up')?.rows).toHaveLength(3)
    expect(server.memory('web-up')?.fullAt).toBeUndefined()
  })

  it('are written down, for an Event', async () => {
    const { clock, ledger, posts, server, soon } = setUp()
    await posts(1001)
    await soon(ledger.flush(() => true))
    const { fullAt = 0, rows } = server.memory('web-up') ?? { rows: [] }
    expect(clock.now() - fullAt).toBeLessThan(10_000)
    expect(rows.some(({ key }) => key === keyOf('other 0'))).toBe(true)
  })
})

import { describe, expect, it } from 'vitest'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { StepService } from '../../src/steps/service.ts'
import type { Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection } from '../support/faulty-connection.ts'
import { stepServer } from '../support/step-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const target = deploymentTarget('web')
const up = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 10, overshoot: 'clamp' })

const setUp = () => {
  const clock = fakeClock()
  const server = stepServer({ web: 2 })
  server.hooks.set('web-up', 'h1')
  const sent: string[] = []
  const api = faultyConnection(clock, server.handle, {
    fault: ({ method, path }) => {
      sent.push(`${method} ${path.split('/').slice(6).join('/')}`)
      return 'answered'
    },
    latencyMs: () => 5,
    isDead: () => false,
  })
  const environment = testEnvironment({ api, clock })
  const service = new StepService(environment)
  const ledger = new Ledgers(environment).of({ namespace: 'shop', name: 'web-up', uid: 'h1' })
  const post = (isCurrent: () => boolean, key?: string, dryRun = false): Promise<Step> => {
    const delivery = { phase: 'firing', ...(key !== undefined && { identity: { key } }) } as const
    const deadline = clock.monotonic() + 4000
    return service.of(contextOf({ delivery, deadline, isCurrent, dryRun, ledger: () => ledger }))(target, up)
  }
  return { clock, post, sent, server }
}

describe('a post whose hook changes while it waits', () => {
  it.each([undefined, 'a name'])('is in no write and no record (its name: %s)', async key => {
    const { clock, post, sent, server } = setUp()
    let isCurrent = true
    const posted = post(() => isCurrent, key)
    isCurrent = false
    await clock.advance(100)
    expect(await posted).toEqual({ outcome: 'changed' })
    expect(sent.filter(request => !request.startsWith('GET'))).toEqual([])
    expect(server.replicas('web')).toBe(2)
  })

  it.each([undefined, 'a name'])('does not keep the others from their steps (its name: %s)', async key => {
    const { clock, post, server } = setUp()
    const steps = [post(() => true), post(() => false, key), post(() => true, 'another')]
    await clock.advance(100)
    expect(await Promise.all(steps)).toEqual([
      { outcome: 'done', from: 2, to: 3 },
      { outcome: 'changed' },
      { outcome: 'done', from: 3, to: 4 },
    ])
    expect(server.replicas('web')).toBe(4)
  })

  it('is answered so on a dry run too', async () => {
    const { clock, post } = setUp()
    const previewed = post(() => false, undefined, true)
    await clock.advance(100)
    expect(await previewed).toEqual({ outcome: 'changed' })
  })
})

it('a post whose hook changes after its write was sent has its step', async () => {
  const { clock, post } = setUp()
  let isCurrent = true
  const posted = post(() => isCurrent)
  await clock.advance(12) // the target is read, and the write is on its way
  isCurrent = false
  await clock.advance(100)
  expect(await posted).toEqual({ outcome: 'done', from: 2, to: 3 })
})

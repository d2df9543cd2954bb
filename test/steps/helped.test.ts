import { describe, expect, it } from 'vitest'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { StepService } from '../../src/steps/service.ts'
import type { Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection, type NetworkFault } from '../support/faulty-connection.ts'
import { seededRandom } from '../support/random.ts'
import { stepServer } from '../support/step-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const target = deploymentTarget('web')
const plan = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 100, overshoot: 'clamp' })

const write = 'PATCH deployments/web/scale'
const history = 'GET deployments'
const record = 'PUT receiverhookrecords/web-up'

const setUp = () => {
  const clock = fakeClock()
  const server = stepServer({ web: 2 })
  server.hooks.set('web-up', 'h1')
  let started = 0
  const start = () => {
    const requests: string[] = []
    const way = { latencyMs: 1, fault: (_request: string): NetworkFault => 'answered' }
    const api = faultyConnection(clock, server.handle, {
      fault: ({ method, path }) => {
        const request = `${method} ${path.split('/').slice(6).join('/')}`
        requests.push(request)
        return way.fault(request)
      },
      latencyMs: () => way.latencyMs,
      isDead: () => false,
    })
    const environment = testEnvironment({ api, clock, random: seededRandom(++started) })
    const ledger = new Ledgers(environment).of({ namespace: 'shop', name: 'web-up', uid: 'h1' })
    const service = new StepService(environment)
    const post = (key: string): Promise<Step> => {
      const delivery = { phase: 'firing', identity: { key } } as const
      const deadline = clock.monotonic() + 4000
      return service.of(contextOf({ delivery, deadline, ledger: () => ledger }))(target, plan)
    }
    return { ledger, post, requests, way }
  }
  const soon = async <T>(made: Promise<T>, ms = 300): Promise<T> => {
    await clock.advance(ms)
    return await made
  }
  return { clock, server, soon, start }
}

describe('a claimed write that comes too late', () => {
  it('is taken back with one write of the record, and no look at the history', async () => {
    const { server, soon, start } = setUp()
    const { post, requests, way } = start()
    await soon(post('a'))
    way.fault = request => {
      if (request === write && server.replicas('web') === 3) server.outsideWrite('web', () => 7)
      return 'answered'
    }
    requests.length = 0
    expect(await soon(post('b'))).toEqual({ outcome: 'done', from: 7, to: 8 })
    expect(requests).toEqual([record, write, record, 'GET deployments/web', record, write])
  })

  it('is looked for in the history where its answer was lost before', async () => {
    const { server, soon, start } = setUp()
    const { post, requests, way } = start()
    await soon(post('a'))
    way.fault = request => {
      if (request !== write || server.replicas('web') !== 3) return 'answered'
      server.outsideWrite('web', () => 7)
      return 'answer lost'
    }
    expect(await soon(post('b'))).toEqual({ outcome: 'done', from: 7, to: 8 })
    expect(requests).toContain(history)
  })

  it('is looked for in the history where a copy has been helping meanwhile, and runs once', async () => {
    const { clock, server, soon, start } = setUp()
    const [first, second] = [start(), start()]
    await soon(first.post('a'))
    first.way.fault = request => {
      if (request === write) first.way.latencyMs = 40
      return 'answered'
    }
    const own = first.post('b')
    await clock.advance(4)
    const copy = second.post('b')
    expect(await soon(Promise.all([own, copy]), 2000)).toEqual([
      { outcome: 'done', from: 3, to: 4 },
      { outcome: 'done', from: 3, to: 4 },
    ])
    expect(server.writes.map(({ to }) => to)).toEqual([3, 4])
    expect(second.requests.indexOf(record)).toBeLessThan(second.requests.indexOf(write))
    expect(first.requests).toContain(history)
  })

  it('is not sent by a copy that has found it taken back', async () => {
    const { clock, server, soon, start } = setUp()
    const [first, second] = [start(), start()]
    await soon(first.post('a'))
    first.way.fault = request => {
      if (request === write && server.replicas('web') === 3) server.outsideWrite('web', () => 7)
      return 'answered'
    }
    // It has read the claim, and says that it helps only after that has been taken back.
    second.way.fault = request => {
      second.way.latencyMs = request === record ? 20 : 1
      return 'answered'
    }
    const own = first.post('b')
    await clock.advance(3)
    const copy = second.post('b')
    expect(await soon(own)).toEqual({ outcome: 'done', from: 7, to: 8 })
    expect(await soon(copy)).toEqual({ outcome: 'done', from: 7, to: 8 })
    expect(second.requests).not.toContain(write)
    expect(server.replicas('web')).toBe(8)
  })
})

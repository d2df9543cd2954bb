import { describe, expect, it } from 'vitest'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { StepService } from '../../src/steps/service.ts'
import type { Plan, Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { fc, property } from '../support/property.ts'
import { scaleServer, type NetworkFault, type ScaleServer } from '../support/scale-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const target = deploymentTarget('web')
const up = (max = 500): Plan => moveWithin({ action: 'up', by: { count: 1 }, min: 0, max, overshoot: 'clamp' })
const down: Plan = moveWithin({ action: 'down', by: { count: 1 }, min: 0, max: 500, overshoot: 'clamp' })

const setUp = (replicas: number, latencyMs = 2) => {
  const clock = fakeClock()
  const server = scaleServer(clock, replicas, latencyMs)
  const environment = testEnvironment({ api: server.api, clock })
  const service = new StepService(environment)
  const post = (plan: Plan = up(), withinMs = 4000): Promise<Step> =>
    service.of(contextOf({ deadline: clock.monotonic() + withinMs }))(target, plan)
  return { clock, environment, post, server, service }
}

describe('posts for one target', () => {
  it('that come at once are folded into few writes, each with its own from and to', async () => {
    const { clock, post, server } = setUp(0)
    const posts = Array.from({ length: 200 }, () => post())
    await clock.advance(100)
    const steps = await Promise.all(posts)
    expect(steps).toEqual(steps.map((_, i) => ({ outcome: 'done', from: i, to: i + 1 })))
    expect(server.replicas).toBe(200)
    expect(server.requests).toEqual(['GET', 'PATCH 200'])
  })

  it('take one request each on a quiet target, since its last version is remembered', async () => {
    const { clock, post, server } = setUp(3)
    for (let i = 0; i < 3; i++) {
      const posted = post()
      await clock.advance(10)
      await posted
    }
    expect(server.requests).toEqual(['GET', 'PATCH 4', 'PATCH 5', 'PATCH 6'])
  })

  it('read first where something else keeps moving the version, and stop doing so when it is quiet again', async () => {
    const { clock, post, server } = setUp(0)
    const one = async (moved: boolean): Promise<void> => {
      if (moved) server.outsideWrite()
      server.requests.push('|')
      const posted = post()
      await clock.advance(20)
      await posted
    }
    for (const moved of [false, true, true, true, false, false]) await one(moved)
    expect(server.requests.join(' ')).toBe(
      '| GET PATCH 1 | PATCH 2 GET PATCH 2 | GET PATCH 3 | GET PATCH 4 | GET PATCH 5 | PATCH 6',
    )
  })

  it('at the bound are answered from a read that began after they arrived', async () => {
    const { clock, post, server } = setUp(10)
    const first = post(up(10))
    await clock.advance(10)
    expect(await first).toEqual({ outcome: 'done', from: 10, to: 10 })
    server.outsideWrite(4)
    const second = post(up(10))
    await clock.advance(20)
    expect(await second).toEqual({ outcome: 'done', from: 4, to: 5 })
  })

  it('that cancel each other out write nothing: the count that was read is as they would leave it', async () => {
    const { clock, post, server } = setUp(5)
    const first = post(up())
    await clock.advance(2.5)
    const posts = [post(up()), post(down)]
    await clock.advance(20)
    expect(await Promise.all([first, ...posts])).toEqual([
      { outcome: 'done', from: 5, to: 6 },
      { outcome: 'done', from: 6, to: 7 },
      { outcome: 'done', from: 7, to: 6 },
    ])
    expect(server.requests).toEqual(['GET', 'PATCH 6', 'GET'])
  })

  it('are computed again from the newer count after a conflict', async () => {
    const { clock, post, server } = setUp(1)
    server.fault = ({ method }) => {
      if (method === 'PATCH' && server.requests.length === 2) server.outsideWrite(7)
      return 'answered'
    }
    const posted = post()
    await clock.advance(20)
    expect(await posted).toEqual({ outcome: 'done', from: 7, to: 8 })
  })

  it('of other targets are not held up by a slow one', async () => {
    const { clock, post, server, service } = setUp(0, 1000)
    const slow = post()
    await clock.advance(1500)
    expect(server.requests).toEqual(['GET', 'PATCH 1'])
    const other = service.of(contextOf({ deadline: 8000, dryRun: true }))({ ...target, name: 'other' }, up())
    void service.of(contextOf({ deadline: 8000 }))({ ...target, name: 'other' }, up())
    await clock.advance(1)
    expect(server.requests).toEqual(['GET', 'PATCH 1', 'GET', 'GET'])
    await clock.advance(8000)
    await Promise.all([slow, other])
  })
})

describe('a post whose step cannot be made', () => {
  it('is answered that the target is missing, or whose it is', async () => {
    const { clock, post, server } = setUp(1)
    server.ownerReferences = [{ kind: 'Rollout', name: 'web', controller: true }]
    const owned = post()
    await clock.advance(10)
    expect(await owned).toEqual({
      outcome: 'failed',
      reason: 'OwnedByController',
      message: 'Deployment/web is controlled by Rollout/web, which would set its count back: point the hook at that',
    })
    server.replicas = undefined
    const missing = post()
    await clock.advance(10)
    expect(await missing).toMatchObject({ outcome: 'failed', reason: 'TargetNotFound' })
  })

  it.each([
    [403, 'Forbidden'],
    [400, 'NotScalable'],
  ])('answers an API server that says %i with %s, and changes nothing', async (code, reason) => {
    const { clock, post, server } = setUp(1)
    const body = JSON.stringify({ kind: 'Status', message: 'no' })
    server.fault = ({ method }) => (method === 'PATCH' ? { status: code, headers: {}, body } : 'answered')
    const posted = post()
    await clock.advance(1000)
    expect(await posted).toMatchObject({ outcome: 'failed', reason })
    expect(server.replicas).toBe(1)
  })

  it('is made where an API server that has just started forbids everything for a moment', async () => {
    const { clock, post, server } = setUp(1)
    let refusals = 3
    server.fault = () =>
      refusals-- > 0 ? { status: 403, headers: {}, body: JSON.stringify({ kind: 'Status' }) } : 'answered'
    const first = post()
    await clock.advance(1000)
    expect(await first).toEqual({ outcome: 'done', from: 1, to: 2 })
    refusals = 3
    const second = post()
    await clock.advance(1000)
    expect(await second).toEqual({ outcome: 'done', from: 2, to: 3 })
  })

  it('is answered that the target is missing, however often it has been made and deleted before', async () => {
    const { clock, post, server } = setUp(10)
    const one = async (): Promise<Step> => {
      const posted = post(up(10))
      await clock.advance(50)
      return await posted
    }
    for (let times = 0; times < 2; times++) {
      server.replicas = 9
      expect(await one()).toMatchObject({ outcome: 'done', to: 10 })
      expect(await one()).toMatchObject({ outcome: 'done', from: 10, to: 10 })
      server.replicas = undefined
      expect(await one()).toMatchObject({ outcome: 'failed', reason: 'TargetNotFound' })
    }
  })

  it('is answered that there is no /scale when the object is there and its /scale is not', async () => {
    const { clock, post, server } = setUp(1)
    server.fault = ({ method }) => (method === 'PATCH' ? { status: 404, headers: {}, body: '{}' } : 'answered')
    const posted = post()
    await clock.advance(20)
    expect(await posted).toMatchObject({ outcome: 'failed', reason: 'NotScalable' })
  })

  it('is made where the object is deleted and made again, twice, just before its write', async () => {
    const { clock, post, server } = setUp(1)
    let deleted = 0
    server.fault = ({ method }) => {
      if (deleted === 2) return 'answered'
      if (method === 'PATCH') return { status: 404, headers: {}, body: `{"deleted":${++deleted}}` }
      const metadata = { name: 'web', namespace: 'shop', uid: `earlier-${deleted}`, resourceVersion: '7' }
      return { status: 200, headers: {}, body: JSON.stringify({ metadata, spec: { replicas: 5 } }) }
    }
    const posted = post()
    await clock.advance(100)
    expect(await posted).toEqual({ outcome: 'done', from: 1, to: 2 })
  })

  it('is tried again when the write surely never arrived, and is made once', async () => {
    const { clock, post, server } = setUp(1)
    let refusals = 3
    server.fault = () => (refusals-- > 0 ? 'never arrives' : 'answered')
    const posted = post()
    await clock.advance(2000)
    expect(await posted).toEqual({ outcome: 'done', from: 1, to: 2 })
    expect(server.replicas).toBe(2)
  })

  it('leaves the queue at the end of its time, having changed nothing, and says what was wrong', async () => {
    const { clock, post, server } = setUp(1)
    server.fault = () => 'never arrives'
    const posted = post()
    await clock.advance(4000)
    expect(await posted).toMatchObject({ outcome: 'unavailable', reason: 'ApiUnreachable' })
    server.fault = () => 'answered'
    await clock.advance(5000)
    expect(server.replicas).toBe(1)
  })

  it('waits behind a slow write: that one gets no answer, the one behind it 503, and neither runs twice', async () => {
    const { clock, post, server } = setUp(1, 6000)
    const first = post(up(), 8000)
    await clock.advance(6001)
    const second = post(up(), 1000)
    await clock.advance(8000)
    expect(await first).toEqual({ outcome: 'unknown' })
    expect(await second).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
    expect(server.replicas).toBe(2)
  })

  it('is not made when its time is over before it begins', async () => {
    const { clock, post, server } = setUp(1)
    const late = post(up(), 0)
    await clock.advance(10)
    expect(await late).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
    expect(server.requests).toEqual([])
  })

  it('is made when the API server asks who we are once more', async () => {
    const { clock, post, server } = setUp(1)
    let refusals = 1
    server.fault = ({ method }) =>
      method === 'PATCH' && refusals-- > 0 ? { status: 401, headers: {}, body: '{}' } : 'answered'
    const posted = post()
    await clock.advance(500)
    expect(await posted).toEqual({ outcome: 'done', from: 1, to: 2 })
  })

  it('does not take others with it when its plan fails', async () => {
    const { clock, environment, post } = setUp(1)
    const broken = post(() => {
      throw new Error('a faulty plan')
    })
    await clock.advance(10)
    expect(await broken).toMatchObject({ outcome: 'unavailable' })
    expect(environment.lines.join('')).toContain('a faulty plan')
    const next = post()
    await clock.advance(10)
    expect(await next).toEqual({ outcome: 'done', from: 1, to: 2 })
  })

  it('is refused at once when too many wait already', async () => {
    const { clock, post, server } = setUp(0)
    const posts = Array.from({ length: 10_001 }, () => post(up(20_000)))
    await clock.advance(100)
    expect(await posts.at(-1)).toMatchObject({ outcome: 'unavailable', reason: 'Overloaded' })
    expect(server.replicas).toBe(10_000)
  })

  it('leaves no timer behind', async () => {
    const { clock, post } = setUp(0)
    const posted = post()
    await clock.advance(10)
    await posted
    expect(clock.pending).toBe(0)
  })
})

describe('a post whose write is in doubt', () => {
  it.each<[string, NetworkFault, (server: ScaleServer) => void, string[]]>([
    ['was stored, and its answer lost: it is not written twice', 'answer lost', () => {}, ['LIST']],
    [
      'was stored, and others have written since: the first version after it shows that',
      'answer lost',
      server => [7, 8, 9].forEach(count => server.outsideWrite(count)),
      ['LIST', 'LIST', 'LIST'],
    ],
    ['was lost on its way: the same is sent again', 'lost on its way', () => {}, ['LIST', 'PATCH 2']],
    [
      'was lost on its way, and someone else wrote first: it is computed again',
      'lost on its way',
      server => server.outsideWrite(7),
      ['LIST', 'GET', 'PATCH 8'],
    ],
    [
      'was lost on its way, and someone else wrote the very same count',
      'lost on its way',
      server => server.outsideWrite(2),
      ['LIST', 'GET', 'PATCH 3'],
    ],
    ['met a 500', { status: 500, headers: {}, body: '' }, () => {}, ['LIST', 'PATCH 2']],
  ])('%s', async (_name, fault, meanwhile, then) => {
    const { clock, post, server } = setUp(1)
    let faults = 1
    server.fault = ({ method }) => (method === 'PATCH' && faults-- > 0 ? fault : 'answered')
    const posted = post()
    await clock.advance(3.5)
    meanwhile(server)
    await clock.advance(100)
    expect(server.requests.slice(2)).toEqual(then)
    expect(await posted).toMatchObject({ outcome: 'done' })
    expect(clock.pending).toBe(0)
  })

  it('gets no answer where the history that would show it is gone', async () => {
    const { clock, post, server } = setUp(1)
    server.fault = ({ method }) => (method === 'PATCH' ? 'answer lost' : 'answered')
    const posted = post()
    await clock.advance(3.5)
    for (const count of [5, 6, 7]) server.outsideWrite(count)
    server.compactedBefore = 200
    await clock.advance(100)
    expect(await posted).toEqual({ outcome: 'unknown' })
  })

  it('gets no answer when its time ends before the evidence is found, and its target goes on', async () => {
    const { clock, post, server } = setUp(1)
    server.fault = ({ path }) => (path.endsWith('/scale') || path.endsWith('s') ? 'lost on its way' : 'answered')
    const posted = post()
    await clock.advance(4001)
    expect(await posted).toEqual({ outcome: 'unknown' })
    server.fault = () => 'answered'
    const next = post()
    await clock.advance(1000)
    expect(await next).toEqual({ outcome: 'done', from: 1, to: 2 })
    expect(server.replicas).toBe(2)
  })
})

describe('a preview', () => {
  it('says what a step would do and writes nothing', async () => {
    const { clock, server, service } = setUp(3)
    const previewed = service.of(contextOf({ deadline: 4000, dryRun: true }))(target, up())
    await clock.advance(10)
    expect(await previewed).toEqual({ outcome: 'done', from: 3, to: 4 })
    expect(server.requests).toEqual(['GET'])
  })
})

describe('any interleaving of posts, conflicts, lost requests and outside writes', () => {
  const posts = fc.array(
    fc.record({
      at: fc.nat(60),
      action: fc.constantFrom('up' as const, 'down' as const),
      by: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  const outside = fc.array(fc.record({ at: fc.nat(60), by: fc.integer({ min: -2, max: 3 }) }), { maxLength: 6 })
  const faults = fc.array(
    fc.constantFrom<NetworkFault>('answered', 'answered', 'answer lost', 'lost on its way', 'never arrives'),
    { maxLength: 30 },
  )

  property(
    'is as if the posts answered 200 had run one after another',
    [posts, outside, faults],
    async (written, writes, fault) => {
      const { clock, post, server } = setUp(20)
      let sent = 0
      server.fault = () => fault[sent++] ?? 'answered'
      let drift = 0
      for (const { at, by } of writes) {
        clock.after(at, () => {
          drift += by
          server.outsideWrite((server.replicas ?? 0) + by)
        })
      }
      const answers: Promise<{ readonly step: Step; readonly asked: number }>[] = []
      for (const { action, at, by } of written) {
        const plan = moveWithin({ action, by: { count: by }, min: -1000, max: 1000, overshoot: 'clamp' })
        const asked = action === 'up' ? by : -by
        clock.after(at, () => void answers.push(post(plan).then(step => ({ step, asked }))))
      }
      await clock.advance(10_000)
      let certain = 20 + drift
      let [least, most] = [0, 0]
      for (const { asked, step } of await Promise.all(answers)) {
        if (step.outcome === 'done') certain += step.to - step.from
        if (step.outcome === 'done') expect(step.to - step.from).toBe(asked)
        // A post without an answer ran once or not at all. One with 503 did not run.
        if (step.outcome === 'unknown') [least, most] = [least + Math.min(0, asked), most + Math.max(0, asked)]
      }
      expect(server.replicas).toBeGreaterThanOrEqual(certain + least)
      expect(server.replicas).toBeLessThanOrEqual(certain + most)
    },
  )
})

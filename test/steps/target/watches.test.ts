import { describe, expect, it } from 'vitest'
import { connectInProcess } from '../../../src/apiserver/connection.ts'
import { createApiServer } from '../../../src/apiserver/server.ts'
import { moveWithin } from '../../../src/drivers/arithmetic.ts'
import type { ApiConnection, ApiRequest } from '../../../src/environment/environment.ts'
import { WatchRefused } from '../../../src/environment/unreachable.ts'
import { stepService } from '../../../src/steps/service.ts'
import type { Step } from '../../../src/steps/steps.ts'
import { fakeClock } from '../../support/clock.ts'
import { testEnvironment } from '../../support/environment.ts'
import { deployment } from '../../support/objects.ts'
import { seededRandom } from '../../support/random.ts'
import { deploymentTarget } from '../../support/targets.ts'

const up = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 100_000, overshoot: 'clamp' })
const isCurrent = (): boolean => true
const deployments = '/apis/apps/v1/namespaces/shop/deployments'

/** Two processes that post to the same Deployments, and how each asks the API server. */
const setUp = async ({ refused = (): WatchRefused | undefined => undefined, targets = 1 } = {}) => {
  const clock = fakeClock()
  const server = connectInProcess(createApiServer({ clock, random: seededRandom(1), historyMs: 3_600_000 }))
  const send = (request: Pick<ApiRequest, 'method' | 'path'> & Partial<ApiRequest>) =>
    server.request({ lane: 'bulk', timeoutMs: 1000, ...request })
  await send({ method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name: 'shop' } }) })
  for (let index = 0; index < targets; index++) {
    await send({ method: 'POST', path: deployments, body: JSON.stringify(deployment(`web-${index}`, 0)) })
  }
  /** Every request since `asked` was emptied; a watch as WATCH. */
  const asked: string[] = []
  const start = (seed: number) => {
    const api: ApiConnection = {
      request: request => {
        asked.push(request.method)
        return server.request(request)
      },
      watch: (request, stop) => {
        asked.push('WATCH')
        const refusal = refused()
        if (!refusal) return server.watch(request, stop)
        return {
          ask: () => Promise.reject(refusal),
          [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(refusal) }),
        }
      },
    }
    const environment = testEnvironment({ api, clock, random: seededRandom(seed) })
    const service = stepService(environment)
    const post = async (target = 0): Promise<Step> => {
      const posted = service
        .of({ deadline: clock.monotonic() + 4000, isCurrent })
        .change(deploymentTarget(`web-${target}`), up)
      await clock.advance(10)
      return await posted
    }
    const watched = async (): Promise<number> =>
      Number(/^receiverhooks_targets_watched (\d+)$/m.exec(await environment.metrics.text())?.[1])
    return { environment, post, watched }
  }
  return { asked, clock, processes: [start(1), start(2)] as const, send }
}

type World = Awaited<ReturnType<typeof setUp>>

/** Each process posts in turns, `gapMs` apart. Answers what was asked meanwhile. */
const postInTurns = async ({ asked, clock, processes }: World, times: number, gapMs = 500): Promise<string> => {
  asked.length = 0
  for (let turn = 0; turn < times; turn++) {
    for (const { post } of processes) {
      await post()
      await clock.advance(gapMs)
    }
  }
  return asked.join(' ')
}

/** As long as it takes to open the watches. */
const warm = (world: World): Promise<string> => postInTurns(world, 5)

describe('a target that two processes write in turns', () => {
  it('takes one request a post, once each of them watches it', async () => {
    const world = await setUp()
    expect(await warm(world)).toContain('WATCH')
    expect(await postInTurns(world, 5)).toBe('PATCH PATCH PATCH PATCH PATCH PATCH PATCH PATCH PATCH PATCH')
    expect(await Promise.all(world.processes.map(({ watched }) => watched()))).toEqual([1, 1])
  })

  it('is not watched where more than ten seconds lie between the writes of others', async () => {
    expect(await postInTurns(await setUp(), 6, 11_000)).not.toContain('WATCH')
  })

  it('is not watched by the only process that writes it', async () => {
    const { asked, processes } = await setUp()
    for (let posts = 0; posts < 20; posts++) await processes[0].post()
    expect(asked).not.toContain('WATCH')
  })

  it('is watched no longer once nobody has posted for half a minute, and nothing is left of it', async () => {
    const world = await setUp()
    await warm(world)
    await world.clock.advance(28_000)
    expect(await world.processes[0].watched()).toBe(1)
    await world.clock.advance(3000)
    expect(await Promise.all(world.processes.map(({ watched }) => watched()))).toEqual([0, 0])
    expect(world.clock.pending).toBe(0)
    expect(await warm(world), 'and anew when they come back').toContain('WATCH')
  })

  it('is looked at again where somebody has come to own its count', async () => {
    const world = await setUp()
    await warm(world)
    const owner = { apiVersion: 'apps/v1', kind: 'Other', name: 'boss', uid: 'u', controller: true }
    await world.send({
      method: 'PATCH',
      path: `${deployments}/web-0`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { ownerReferences: [owner] } }),
    })
    expect(await world.processes[0].post()).toMatchObject({ step: 'failed', reason: 'OwnedByController' })
  })

  it('is not there where it was deleted', async () => {
    const world = await setUp()
    await warm(world)
    await world.send({ method: 'DELETE', path: `${deployments}/web-0` })
    expect(await world.processes[0].post()).toMatchObject({ step: 'failed', reason: 'TargetNotFound' })
  })

  it('is read before it is written where it may not be watched, which is told once and tried again ten minutes later', async () => {
    const refusal = new WatchRefused(403, 'deployments.apps is forbidden: cannot watch')
    const world = await setUp({ refused: () => refusal })
    const told = (): readonly string[] =>
      world.processes[0].environment.lines.filter(line => line.includes('cannot be watched'))
    expect(await warm(world)).toContain('WATCH')
    expect(told()).toHaveLength(1)
    expect(told()[0]).toContain(refusal.message)
    expect(await postInTurns(world, 20, 10_000)).not.toContain('WATCH')
    await world.clock.advance(600_000)
    expect(await warm(world)).toContain('WATCH')
    expect(told()).toHaveLength(1)
  })

  it('is watched again ten seconds after its watch was cut', async () => {
    let refusal: WatchRefused | undefined = new WatchRefused(500, 'not now')
    const world = await setUp({ refused: () => refusal })
    expect(await warm(world)).toContain('WATCH')
    refusal = undefined
    expect(await postInTurns(world, 4)).not.toContain('WATCH')
    await world.clock.advance(10_000)
    expect(await warm(world)).toContain('WATCH')
    expect(await world.processes[0].watched()).toBe(1)
  })
})

it('a process watches no more than 64 targets', async () => {
  const targets = 70
  const { processes } = await setUp({ targets })
  for (let round = 0; round < 4; round++) {
    for (let target = 0; target < targets; target++) {
      await processes[0].post(target)
      await processes[1].post(target)
    }
  }
  expect(await processes[0].watched()).toBe(64)
})

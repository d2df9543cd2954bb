import { describe, expect, it } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import type { ApiConnection, ApiRequest, Watch, WatchLine } from '../../src/environment/environment.ts'
import { WatchRefused } from '../../src/environment/unreachable.ts'
import { wait } from '../../src/environment/wait.ts'
import { StepService } from '../../src/steps/service.ts'
import type { Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock, type FakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { deployment } from '../support/objects.ts'
import { seededRandom } from '../support/random.ts'
import { deploymentTarget } from '../support/targets.ts'

const up = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 100_000, overshoot: 'clamp' })
const deployments = '/apis/apps/v1/namespaces/shop/deployments'

interface Problem {
  readonly targets?: number
  /** Why a watch is refused. */
  readonly refused?: () => WatchRefused | undefined
  /** How much later a watch reports, in milliseconds. */
  readonly lateMs?: number
  /** When a proxy in between ends a watch in order, in milliseconds. */
  readonly endsAfterMs?: number
}

/** Returns a watch whose lines come late, and which ends early. `passed` is called for each line. */
const troubled = (
  clock: FakeClock,
  watch: Watch,
  { endsAfterMs = Infinity, lateMs = 0 }: Problem,
  passed: () => void,
): Watch => {
  const arrived: (readonly [line: WatchLine, at: number])[] = []
  let isOver = false
  let wake = (): void => undefined
  const end = (): void => {
    isOver = true
    wake()
  }
  const collect = async (): Promise<void> => {
    for await (const line of watch) {
      arrived.push([line, clock.monotonic()])
      wake()
    }
    end()
  }
  const lines = async function* (): AsyncGenerator<WatchLine> {
    void collect()
    const cancel = endsAfterMs === Infinity ? () => undefined : clock.after(endsAfterMs, end)
    for (;;) {
      const [line, at] = arrived.shift() ?? []
      if (line === undefined || at === undefined) {
        if (isOver) return cancel()
        await new Promise<void>(resolve => (wake = resolve))
        continue
      }
      const leftMs = at + lateMs - clock.monotonic()
      if (leftMs > 0) await wait(clock, leftMs)
      passed()
      yield line
    }
  }
  return { ask: request => watch.ask(request), [Symbol.asyncIterator]: lines }
}

const refusing = (refusal: WatchRefused): Watch => ({
  ask: () => Promise.reject(refusal),
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(refusal) }),
})

/** Sets up two processes that post to the same Deployments, somebody else who writes them, and what the API server is asked. */
const setUp = async (problem: Problem = {}) => {
  const { refused, targets = 1 } = problem
  const clock = fakeClock()
  const server = connectInProcess(createApiServer({ clock, random: seededRandom(1), historyMs: 3_600_000 }))
  const send = (request: Pick<ApiRequest, 'method' | 'path'> & Partial<ApiRequest>) =>
    server.request({ lane: 'bulk', timeoutMs: 1000, ...request })
  await send({ method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name: 'shop' } }) })
  for (let index = 0; index < targets; index++) {
    await send({ method: 'POST', path: deployments, body: JSON.stringify(deployment(`web-${index}`, 0)) })
  }
  const merge = (target: number, patch: object) =>
    send({
      method: 'PATCH',
      path: `${deployments}/web-${target}`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(patch),
    })
  let touches = 0
  /** Writes a target as another client. */
  const touch = (target = 0) => merge(target, { metadata: { annotations: { touch: `${++touches}` } } })
  /** So many writes more find that somebody else came first. */
  const storm = { writes: 0 }
  /** Every request since it was emptied: a watch as WATCH, a write that came too late as LATE. */
  const asked: string[] = []
  let lines = 0
  const start = (seed: number) => {
    const api: ApiConnection = {
      request: async request => {
        if (request.method === 'PATCH' && storm.writes-- > 0) await touch()
        const answer = await server.request(request)
        asked.push(answer.status === 409 ? 'LATE' : request.method)
        return answer
      },
      watch: (request, stop) => {
        asked.push('WATCH')
        const refusal = refused?.()
        return refusal ? refusing(refusal) : troubled(clock, server.watch(request, stop), problem, () => (lines += 1))
      },
    }
    const environment = testEnvironment({ api, clock, random: seededRandom(seed) })
    const service = new StepService(environment)
    /** Posts, and does not wait. */
    const begin = (target = 0): Promise<Step> =>
      service.of(contextOf({ deadline: clock.monotonic() + 4000 }))(deploymentTarget(`web-${target}`), up)
    const post = async (target = 0): Promise<Step> => {
      const posted = begin(target)
      await clock.advance(10)
      return await posted
    }
    const watched = async (): Promise<number> =>
      Number(/^receiverhooks_targets_watched (\d+)$/m.exec(await environment.metrics.text())?.[1])
    return { begin, environment, post, service, watched }
  }
  return {
    asked,
    clock,
    linesSoFar: () => lines,
    merge,
    processes: [start(1), start(2)] as const,
    send,
    storm,
    touch,
  }
}

type World = Awaited<ReturnType<typeof setUp>>

/** Posts from each process in turns, `gapMs` apart. Answers what was asked meanwhile. */
const postInTurns = async ({ asked, clock, processes }: World, times: number, gapMs = 490): Promise<string> => {
  asked.length = 0
  for (let turn = 0; turn < times; turn++) {
    for (const { post } of processes) {
      await post()
      await clock.advance(gapMs)
    }
  }
  return asked.join(' ')
}

/** Posts for as long as it takes to open the watches. */
const warm = (world: World): Promise<string> => postInTurns(world, 6)

/** Posts from one process, while another client writes in between. */
const postWithOthers = async ({ clock, processes, touch }: World, times: number, gapMs = 490): Promise<void> => {
  for (let turn = 0; turn < times; turn++) {
    await processes[0].post()
    await touch()
    await clock.advance(gapMs)
  }
}

const count = (asked: readonly string[], what: string): number => asked.filter(each => each === what).length

describe('a target that two processes write in turns', () => {
  it('takes one request a post, once each of them watches it', async () => {
    const world = await setUp()
    expect(await warm(world)).toContain('WATCH')
    expect(await postInTurns(world, 5)).toBe('PATCH PATCH PATCH PATCH PATCH PATCH PATCH PATCH PATCH PATCH')
    expect(await Promise.all(world.processes.map(({ watched }) => watched()))).toEqual([1, 1])
  })

  it('is not watched where fewer than three writes of others come within ten seconds', async () => {
    expect(await postInTurns(await setUp(), 6, 2600)).not.toContain('WATCH')
  })

  it('is not watched by the only process that writes it', async () => {
    const { asked, processes } = await setUp()
    for (let posts = 0; posts < 20; posts++) await processes[0].post()
    expect(asked).not.toContain('WATCH')
  })

  it('is looked at again where somebody has come to own its count', async () => {
    const world = await setUp()
    await warm(world)
    const owner = { apiVersion: 'apps/v1', kind: 'Other', name: 'boss', uid: 'u', controller: true }
    await world.merge(0, { metadata: { ownerReferences: [owner] } })
    expect(await world.processes[0].post()).toMatchObject({ outcome: 'failed', reason: 'OwnedByController' })
  })

  it('is not there where it was deleted, and is another where it was made again', async () => {
    const world = await setUp()
    await warm(world)
    await world.send({ method: 'DELETE', path: `${deployments}/web-0` })
    expect(await world.processes[0].post()).toMatchObject({ outcome: 'failed', reason: 'TargetNotFound' })
    await world.send({ method: 'POST', path: deployments, body: JSON.stringify(deployment('web-0', 7)) })
    expect(await world.processes[0].post()).toEqual({ outcome: 'done', from: 7, to: 8 })
  })
})

describe('a watch of a target', () => {
  it('ends once nobody has posted for half a minute, and leaves nothing behind', async () => {
    const world = await setUp()
    await warm(world)
    await world.clock.advance(28_000)
    expect(await world.processes[0].watched()).toBe(1)
    await world.clock.advance(3000)
    expect(await Promise.all(world.processes.map(({ watched }) => watched()))).toEqual([0, 0])
    expect(world.clock.pending).toBe(0)
    expect(await warm(world), 'and begins again when they come back').toContain('WATCH')
  })

  it('ends with its process, which goes on without', async () => {
    const world = await setUp()
    await warm(world)
    for (const { service } of world.processes) service.close()
    await world.clock.advance(0)
    expect(await Promise.all(world.processes.map(({ watched }) => watched()))).toEqual([0, 0])
    expect(world.clock.pending).toBe(0)
    expect(await warm(world)).not.toContain('WATCH')
  })

  it('ends where it has reported fifty versions without a post', async () => {
    const world = await setUp()
    await postWithOthers(world, 6)
    expect(await world.processes[0].watched()).toBe(1)
    const before = world.linesSoFar()
    for (let writes = 0; writes < 200; writes++) {
      await world.touch()
      await world.clock.advance(10)
    }
    expect(world.linesSoFar() - before).toBeLessThan(60)
    expect(await world.processes[0].watched()).toBe(0)
  })

  it.each([700, 40_000])('is not believed for long where it reports %i ms late', async lateMs => {
    const world = await setUp({ lateMs })
    await warm(world)
    const asked = (await postInTurns(world, 25)).split(' ')
    expect(count(asked, 'LATE')).toBeLessThanOrEqual(2 * 5)
    // Nor is it opened again within a minute.
    expect(count(asked, 'WATCH')).toBeLessThanOrEqual(2)
  })

  it('that is late does not keep posts from a target where many writes in a row came too late', async () => {
    const world = await setUp({ lateMs: 40 })
    await postWithOthers(world, 6)
    expect(await world.processes[0].watched()).toBe(1)
    const write = (): void => {
      void world.touch()
      world.clock.after(15, write)
    }
    write()
    world.storm.writes = 12
    for (let posts = 0; posts < 6; posts++) {
      const posted = world.processes[0].begin()
      await world.clock.advance(4000)
      expect(await posted).toMatchObject({ outcome: 'done' })
    }
  })

  it('is read instead where it is forbidden, which is logged once and tried again ten minutes later', async () => {
    const refusal = new WatchRefused(403, 'deployments.apps is forbidden: cannot watch')
    const world = await setUp({ refused: () => refusal })
    const said = (): readonly string[] =>
      world.processes[0].environment.lines.filter(line => line.includes("can't be watched"))
    expect(await warm(world)).toContain('WATCH')
    expect(said()).toHaveLength(1)
    expect(said()[0]).toContain(refusal.message)
    expect(await postInTurns(world, 200, 1000)).not.toContain('WATCH')
    await world.clock.advance(600_000)
    expect(await warm(world)).toContain('WATCH')
    expect(said()).toHaveLength(1)
  })

  it('that was refused begins again ten seconds later', async () => {
    let refusal: WatchRefused | undefined = new WatchRefused(500, 'not now')
    const world = await setUp({ refused: () => refusal })
    expect(await warm(world)).toContain('WATCH')
    refusal = undefined
    await world.clock.advance(10_000)
    expect(await warm(world)).toContain('WATCH')
    expect(await world.processes[0].watched()).toBe(1)
  })

  it('that was refused begins again ten seconds later, however many were before one that lasted', async () => {
    let refusal: WatchRefused | undefined = new WatchRefused(500, 'not now')
    const world = await setUp({ refused: () => refusal })
    for (const restMs of [10_000, 20_000, 40_000]) {
      expect(await warm(world)).toContain('WATCH')
      await world.clock.advance(restMs)
    }
    refusal = undefined
    expect(await warm(world)).toContain('WATCH')
    await world.clock.advance(40_000)
    expect(await world.processes[0].watched()).toBe(0)
    refusal = new WatchRefused(500, 'not now')
    expect(await warm(world)).toContain('WATCH')
    await world.clock.advance(10_000)
    expect(await warm(world)).toContain('WATCH')
  })

  it('that somebody ends in order after a second and a half is not opened all the time', async () => {
    const world = await setUp({ endsAfterMs: 1500 })
    await postWithOthers(world, 300, 190)
    expect(count(world.asked, 'WATCH')).toBeLessThanOrEqual(3)
  })
})

describe('the watches of one process', () => {
  it('are counted as none before there is one', async () => {
    const { processes } = await setUp()
    expect(await processes[0].watched()).toBe(0)
  })

  it('are 64 at most', async () => {
    const targets = 70
    const { processes } = await setUp({ targets })
    for (let round = 0; round < 12; round++) {
      for (let target = 0; target < targets; target++) {
        await processes[0].post(target)
        await processes[1].post(target)
      }
    }
    expect(await processes[0].watched()).toBe(64)
  })

  it('are tried more and more seldom, however many targets want one, where the API server declines', async () => {
    const targets = 100
    const world = await setUp({ targets, refused: () => new WatchRefused(429, 'too many requests') })
    for (let seconds = 0; seconds < 120; seconds += 2) {
      for (let target = 0; target < targets; target++) {
        void world.processes[0].begin(target)
        void world.touch(target)
      }
      await world.clock.advance(2000)
    }
    // After 10 s, 20, 40 and 80: one after another.
    expect(count(world.asked, 'WATCH')).toBeLessThanOrEqual(4)
  })
})

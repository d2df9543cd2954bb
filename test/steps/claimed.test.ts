import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/api/delivery.ts'
import { keyOf } from '../../src/api/hash.ts'
import type { Claim, Row } from '../../src/api/row.ts'
import { moveWithin, takeBackWithin } from '../../src/drivers/arithmetic.ts'
import type { DeliveryContext } from '../../src/record/context.ts'
import { openLedgers } from '../../src/record/ledgers.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { StepService } from '../../src/steps/service.ts'
import { storeSkip } from '../../src/steps/skip.ts'
import type { Plan, Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock, type FakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection, type NetworkFault } from '../support/faulty-connection.ts'
import { seededRandom } from '../support/random.ts'
import { status, stepServer, type StepServer } from '../support/step-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const up = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 100_000, overshoot: 'clamp' })

type About = Partial<Pick<DeliveryContext, 'undo' | 'cooldownMs' | 'dryRun' | 'isCurrent'>> & {
  readonly hook?: string
  readonly target?: string
  readonly delivery?: Partial<Delivery>
  /** What the hook says now, where it was edited. */
  readonly plan?: Plan
}

const setUp = (replicas = 2) => {
  const clock = fakeClock()
  const server = stepServer({ web: replicas, api: replicas })
  const requests: string[] = []
  const world = { fault: (_request: string, _body: string): NetworkFault => 'answered' }
  let started = 0
  /** Starts a process, whose posts may go through the record of a hook. */
  const start = () => {
    let dead = false
    const api = faultyConnection(clock, server.handle, {
      fault: ({ body, method, path }) => {
        const request = `${method} ${path.split('/').slice(6).join('/')}`
        requests.push(request)
        return world.fault(request, body ?? '')
      },
      latencyMs: () => 1,
      isDead: () => dead,
    })
    const environment = testEnvironment({ api, clock, random: seededRandom(++started) })
    const ledgers = openLedgers(environment)
    const service = new StepService(environment)
    const context = ({ delivery = {}, hook: name = 'web-up', ...about }: About): DeliveryContext => {
      const hook = { namespace: 'shop', name, uid: `uid of ${name}` }
      server.hooks.set(name, hook.uid)
      const ledger = ledgers.of(hook)
      const deadline = clock.monotonic() + 4000
      return contextOf({ ...about, hook, delivery: { phase: 'firing', ...delivery }, deadline, ledger: () => ledger })
    }
    const steps = (about: About) => service.of(context(about))
    return {
      environment,
      ledgers,
      context,
      post: (about: About): Promise<Step> =>
        steps(about).change(deploymentTarget(about.target ?? 'web'), about.plan ?? up),
      undo: (about: About): Promise<Step> =>
        steps({ undo: true, ...about }).undo(deploymentTarget('web'), takeBackWithin({ min: 0, max: 100_000 })),
      unnamed: (plan: Plan = up): Promise<Step> =>
        service.of(contextOf({ deadline: clock.monotonic() + 4000 })).change(deploymentTarget('web'), plan),
      preview: (about: About): Promise<Step> => steps({ ...about, dryRun: true }).change(deploymentTarget('web'), up),
      die: () => {
        dead = true
      },
    }
  }
  return { clock, requests, server, start, world }
}

const named = (key: string, newsAt?: number): About => ({
  delivery: { identity: newsAt === undefined ? { key } : { key, newsAt } },
})

/** Returns a record that holds these rows. */
const putRows = (server: StepServer, rows: readonly Row[], hook = 'web-up'): void =>
  server.putRecord(hook, `uid of ${hook}`, JSON.stringify(storedOf({ ...emptyMemory, rows })))

const claimsIn = (server: StepServer): readonly Claim[] =>
  server.memory('web-up')?.rows.flatMap(row => (row.state === 'claimed' ? row.claim : [])) ?? []

const claimOf = (server: StepServer, more: Partial<Claim> = {}): Claim => {
  const { uid, version } = server.version('web')
  return {
    mark: 'rhook.gone.1',
    target: 'apps/v1/deployments/Deployment/web',
    uid,
    version,
    to: 3,
    helped: true,
    ...more,
  }
}

describe('a delivery whose claim a dead process has left behind', () => {
  it('is finished by a copy in another process, with the very same write', async () => {
    const { clock, requests, server, start, world } = setUp()
    const [first, second] = [start(), start()]
    world.fault = request => {
      if (request !== 'PATCH deployments/web/scale') return 'answered'
      first.die()
      return 'never arrives'
    }
    void first.post(named('a'))
    await clock.advance(100)
    world.fault = () => 'answered'
    expect(server.memory('web-up')?.rows[0]).toMatchObject({ claim: { to: 3 } })
    const copy = second.post(named('a'))
    await clock.advance(100)
    expect(await copy).toEqual({ step: 'done', from: 2, to: 3 })
    expect(server.writes).toHaveLength(1)
    expect(requests.filter(request => request.startsWith('PATCH'))).toHaveLength(2)
  })

  it('is made anew where somebody else has written first', async () => {
    const { clock, server, start } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    server.outsideWrite('web', () => 8)
    const copy = start().post(named('a'))
    await clock.advance(100)
    expect(await copy).toEqual({ step: 'done', from: 8, to: 9 })
  })

  it('counts as unknown where the history is gone that would tell, and is not made again', async () => {
    const { clock, server, start } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    for (const count of [8, 9, 10]) server.outsideWrite('web', () => count)
    server.compact()
    const process = start()
    const copy = process.post(named('a'))
    await clock.advance(100)
    expect(await copy).toMatchObject({ step: 'skipped', reason: 'OutcomeUnknown' })
    expect(server.replicas('web')).toBe(10)
    expect(process.environment.lines.join()).toContain('nobody can tell')
  })

  it('counts as unknown where the claim names a target that this version cannot read', async () => {
    const { clock, server, start } = setUp()
    const claim = claimOf(server, { target: 'a newer way to write it' })
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim }])
    const copy = start().post(named('a'))
    await clock.advance(100)
    expect(await copy).toMatchObject({ step: 'skipped', reason: 'OutcomeUnknown' })
    expect(server.replicas('web')).toBe(2)
  })

  it('does not stand in the way when its target is gone', async () => {
    const { clock, server, start } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    server.removeTarget('web')
    const copy = start().post({ ...named('a'), target: 'api' })
    await clock.advance(200)
    expect(await copy).toEqual({ step: 'done', from: 2, to: 3 })
  })

  it.each<NetworkFault>(['answered', 'answer lost'])(
    'has a hook cool down from when it is finished (%s)',
    async fault => {
      const { clock, server, start, world } = setUp()
      putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
      await clock.advance(61_000)
      let patches = 0
      world.fault = request => (request.startsWith('PATCH') && patches++ === 0 ? fault : 'answered')
      const next = start().post({ ...named('b'), cooldownMs: 60_000 })
      await clock.advance(300)
      expect(await next).toMatchObject({ step: 'skipped', reason: 'CoolingDown' })
      expect(server.writes).toHaveLength(1)
    },
  )

  it('is finished before a repeat of it that is due, which is a step of its own', async () => {
    const { clock, server, start } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    await clock.advance(60_000)
    const repeat = start().post(named('a'))
    await clock.advance(100)
    expect(await repeat).toEqual({ step: 'done', from: 3, to: 4 })
    expect(server.writes.map(({ by, to }) => [by === 'rhook.gone.1', to])).toEqual([
      [true, 3],
      [false, 4],
    ])
  })

  it('is looked up anew before it is finished: what was known may be over', async () => {
    const { clock, server, start } = setUp()
    const second = start()
    const claim = claimOf(server)
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim }])
    // The second process reads the record while the claim stands in it; then its write is refused, and it is dropped.
    const other = second.preview(named('b'))
    await clock.advance(100)
    await other
    putRows(server, [])
    const copy = second.post(named('a'))
    await clock.advance(100)
    expect(await copy).toEqual({ step: 'done', from: 2, to: 3 })
    expect(server.writes.map(({ by }) => by)).not.toContain(claim.mark)
  })
})

describe('a claim of which nobody can tell any more', () => {
  it('says nothing of another from the same version whose process is at work', async () => {
    const { clock, server, start } = setUp()
    const claim = claimOf(server)
    const living = { ...claim, mark: 'rhook.living.1' }
    const process = start()
    putRows(server, [
      { state: 'claimed', key: keyOf('a'), at: clock.now() - 20_000, from: 2, to: 3, claim },
      {
        state: 'claimed',
        key: keyOf('b'),
        at: clock.now() - 20_000,
        from: 2,
        to: 3,
        claim: { ...claim, mark: 'rhook.gone.2' },
      },
      { state: 'claimed', key: keyOf('c'), at: clock.now(), from: 2, to: 3, claim: living },
    ])
    for (const count of [8, 9, 10]) server.outsideWrite('web', () => count)
    server.compact()
    // Some other delivery of the hook, after which what was left behind is looked at.
    const posted = process.post(named('d'))
    await clock.advance(100)
    await posted
    const memory = process.ledgers.of({ namespace: 'shop', name: 'web-up', uid: 'uid of web-up' }).known()
    expect(memory?.memory().rows.slice(0, 3)).toMatchObject([
      { state: 'untold' },
      { state: 'untold' },
      { claim: living },
    ])
  })
})

describe('a delivery in a batch with others', () => {
  it('of its own hook shares the write, and its copy is a duplicate', async () => {
    const { clock, server, start } = setUp()
    const process = start()
    const posts = [process.post(named('a')), process.unnamed(), process.post(named('b')), process.post(named('a'))]
    await clock.advance(100)
    expect(await Promise.all(posts)).toEqual([
      { step: 'done', from: 2, to: 3 },
      { step: 'done', from: 3, to: 4 },
      { step: 'done', from: 4, to: 5 },
      expect.objectContaining({ step: 'skipped', reason: 'Duplicate' }),
    ])
    expect(server.writes.map(({ to }) => to)).toEqual([5])
  })

  it('of other hooks waits for its own write', async () => {
    const { clock, server, start } = setUp()
    const process = start()
    const posts = [process.post(named('a')), process.post({ ...named('a'), hook: 'web-too' }), process.post(named('b'))]
    await clock.advance(100)
    expect(await Promise.all(posts)).toEqual([
      { step: 'done', from: 2, to: 3 },
      { step: 'done', from: 4, to: 5 },
      { step: 'done', from: 3, to: 4 },
    ])
    expect(server.writes.map(({ to }) => to)).toEqual([4, 5])
  })

  it('is told of its own skip, although the write of the others is refused', async () => {
    const { clock, start, world } = setUp()
    const process = start()
    const early = process.post({ ...named('a'), cooldownMs: 60_000 })
    await clock.advance(100)
    await early
    world.fault = request => (request.startsWith('PATCH') ? { declined: status(403) } : 'answered')
    const before = process.unnamed()
    await clock.advance(0.5)
    const posts = [process.unnamed(), process.post({ ...named('b'), cooldownMs: 60_000 })]
    await clock.advance(1000)
    expect(await Promise.all(posts)).toMatchObject([
      { step: 'failed', reason: 'Forbidden' },
      { step: 'skipped', reason: 'CoolingDown' },
    ])
    expect(await before).toMatchObject({ step: 'failed' })
  })

  it('is told why it was skipped, although the write of the others came too late', async () => {
    const { clock, server, start, world } = setUp()
    const process = start()
    const early = process.post({ ...named('a'), cooldownMs: 60_000 })
    await clock.advance(100)
    await early
    let patches = 0
    world.fault = request => {
      if (request.startsWith('PATCH') && ++patches === 2) server.outsideWrite('web')
      return 'answered'
    }
    const before = process.unnamed()
    await clock.advance(0.5)
    const posts = [process.unnamed(), process.post({ ...named('b'), cooldownMs: 60_000 })]
    await clock.advance(200)
    expect(await Promise.all(posts)).toMatchObject([{ step: 'done' }, { step: 'skipped', reason: 'CoolingDown' }])
    expect([await before, patches]).toMatchObject([{ step: 'done' }, 3])
  })

  it('is judged on what became of the others, where nobody can tell that of their write', async () => {
    const { clock, server, start, world } = setUp()
    const process = start()
    world.fault = request => (request.startsWith('PATCH') ? 'answer lost' : 'answered')
    const posts = ['a', 'b'].map(key => process.post({ ...named(key), cooldownMs: 60_000 }))
    // After the write, and before the evidence is looked at.
    while (server.writes.length === 0) await clock.advance(0.5)
    for (const count of [8, 9, 10]) server.outsideWrite('web', () => count)
    server.compact()
    await clock.advance(300)
    expect(await Promise.all(posts)).toMatchObject([
      { step: 'skipped', reason: 'OutcomeUnknown' },
      { step: 'skipped', reason: 'CoolingDown' },
    ])
  })

  it('that is skipped is stored apart from the steps of the others, whose hooks may be gone by then', async () => {
    const { clock, server, start, world } = setUp()
    const process = start()
    const early = process.post({ ...named('a'), cooldownMs: 60_000 })
    await clock.advance(100)
    await early
    let isDeleted = false
    world.fault = request => {
      // While the skip is being stored, the hook of the other post goes.
      if (request.startsWith('PUT')) isDeleted = true
      return 'answered'
    }
    const before = process.unnamed()
    await clock.advance(0.5)
    const skipped = process.post({ ...named('b'), cooldownMs: 60_000 })
    const other = process.unnamed(count => (isDeleted ? { refused: 'gone' } : count + 1))
    await clock.advance(200)
    expect(await Promise.all([before, skipped, other])).toMatchObject([
      { step: 'done', from: 3, to: 4 },
      { step: 'skipped', reason: 'CoolingDown' },
      { step: 'refused', refused: 'gone' },
    ])
    expect(server.replicas('web')).toBe(4)
  })

  it('that is skipped does not keep the others from their turn, however many such come', async () => {
    const { clock, start } = setUp()
    const process = start()
    const early = process.post({ ...named('a'), cooldownMs: 60_000 })
    await clock.advance(100)
    await early
    const skipped: Promise<Step>[] = []
    const posts: Promise<Step>[] = []
    for (let moment = 0; moment < 100; moment++) {
      skipped.push(process.post({ ...named(`b ${moment}`), cooldownMs: 60_000 }))
      if (moment < 20) posts.push(process.unnamed())
      await clock.advance(1)
    }
    const all = Promise.all(posts).then(steps => ({ steps, at: clock.monotonic() }))
    const before = clock.monotonic()
    await clock.advance(4000)
    expect((await all).steps.map(({ step }) => step)).toEqual(posts.map(() => 'done'))
    expect((await all).at).toBeLessThanOrEqual(before)
    expect((await Promise.all(skipped)).map(({ step }) => step)).toEqual(skipped.map(() => 'skipped'))
  })

  it('without a name does not wait until others have helped, though a skip is to be remembered', async () => {
    const { clock, server, start, world } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    server.outsideWrite('web', () => 2)
    const process = start()
    const warm = process.preview(named('warm'))
    await clock.advance(100)
    await warm
    world.fault = request => (request === 'GET deployments' ? 'never arrives' : 'answered')
    const before = process.unnamed()
    const copy = process.post(named('a'))
    const end = process.undo({
      delivery: { ...named('end').delivery, phase: 'resolved', group: { key: 'g', firing: [], mixed: false } },
    })
    const plain = process.unnamed()
    await clock.advance(100)
    expect(await Promise.all([before, end, plain])).toMatchObject([
      { step: 'done' },
      { step: 'skipped', reason: 'NothingToUndo' },
      { step: 'done' },
    ])
    await clock.advance(4000)
    expect(await copy).toMatchObject({ step: 'unavailable' })
  })

  it('of a thousand does not make the record larger than a record may be', async () => {
    const { clock, server, start, world } = setUp()
    const process = start()
    let longest = 0
    world.fault = () => {
      longest = Math.max(longest, JSON.stringify(server.record('web-up') ?? '').length)
      return 'answered'
    }
    const posts = Array.from({ length: 1000 }, (_, i) => process.post(named(`job ${i}`)))
    await clock.advance(3900)
    const steps = await Promise.all(posts)
    expect(longest).toBeGreaterThan(0)
    expect(longest).toBeLessThan(256 * 1024)
    expect(steps.filter(({ step }) => step === 'done')).toHaveLength(1000)
  })
})

describe('a post without a name in a write that was refused', () => {
  // The other process is allowed to write by then: rights are given and taken, and webhooks change their minds.
  it('is not told that nothing was changed: another process may finish the claim of the named one beside it', async () => {
    const { clock, server, start, world } = setUp()
    const [first, second] = [start(), start()]
    let refusals = 5
    world.fault = request => (request.startsWith('PATCH') && refusals-- > 0 ? { declined: status(403) } : 'answered')
    const reading = first.preview(named('other'))
    await clock.advance(100)
    await reading
    const posts = [first.post(named('a')), first.unnamed()]
    await clock.advance(1000)
    expect(await Promise.all(posts)).toMatchObject([{ step: 'failed' }, { step: 'unknown' }])
    const copy = second.post(named('a'))
    await clock.advance(100)
    expect(await copy).toMatchObject({ step: 'done' })
    // Both steps were in the one write.
    expect(server.replicas('web')).toBe(4)
  })
})

describe('a claimed write that the API server refuses', () => {
  const upBy = (count: number, max = 100): Plan =>
    moveWithin({ action: 'up', by: { count }, min: 0, max, overshoot: 'clamp' })

  /** Returns a policy that is against the write of a count. */
  const against =
    (count: number) =>
    (request: string, body: string): NetworkFault =>
      request.startsWith('PATCH') && body.includes(`"replicas":${count}}`) ? { declined: status(422) } : 'answered'

  /** Returns the claims in a record, once a process has stored all its updates there. */
  const claimsAfter = async (
    { clock, server }: Pick<ReturnType<typeof setUp>, 'clock' | 'server'>,
    { ledgers }: ReturnType<ReturnType<typeof setUp>['start']>,
  ) => {
    await Promise.all([ledgers.run(AbortSignal.abort()), clock.advance(100)])
    return server.memory('web-up')?.rows.filter(({ state }) => state === 'claimed')
  }

  it('gives way to what the hook says once it has been edited', async () => {
    const installation = setUp()
    const { clock, server, start, world } = installation
    world.fault = against(3)
    const early = start().post(named('a'))
    await clock.advance(100)
    expect(await early).toMatchObject({ step: 'failed', reason: 'NotScalable' })
    const second = start()
    const copy = second.post({ ...named('a'), plan: upBy(2) })
    await clock.advance(100)
    expect(await copy).toEqual({ step: 'done', from: 2, to: 4 })
    expect(server.writes.map(({ to }) => to)).toEqual([4])
    expect(await claimsAfter(installation, second)).toEqual([])
  })

  it('gives way to another delivery of a hook that cools down', async () => {
    const installation = setUp()
    const { clock, start, world } = installation
    world.fault = against(3)
    const early = start().post({ cooldownMs: 60_000 })
    await clock.advance(100)
    expect(await early).toEqual({ step: 'unknown' })
    const second = start()
    const next = second.post({ ...named('b'), cooldownMs: 60_000, plan: upBy(2) })
    await clock.advance(100)
    expect(await next).toEqual({ step: 'done', from: 2, to: 4 })
    expect(await claimsAfter(installation, second)).toEqual([])
  })

  it('is made sure never to be made, where there is nothing left to do', async () => {
    const installation = setUp()
    const { clock, server, start, world } = installation
    const before = server.version('web')
    world.fault = against(3)
    const early = start().post(named('a'))
    await clock.advance(100)
    await early
    const second = start()
    const copy = second.post({ ...named('a'), plan: upBy(1, 2) })
    await clock.advance(100)
    expect(await copy).toEqual({ step: 'done', from: 2, to: 2 })
    expect(server.version('web')).not.toEqual(before)
    expect(server.replicas('web')).toBe(2)
    expect(await claimsAfter(installation, second)).toEqual([])
  })

  it('leaves nothing that the end of its alert could take back, and that end is told so', async () => {
    const installation = setUp()
    const { clock, server, start, world } = installation
    const group = { key: 'g', firing: ['x'], mixed: false }
    world.fault = against(3)
    const fired = start().post({ delivery: { ...named('a').delivery, group }, undo: true })
    await clock.advance(100)
    expect(await fired).toMatchObject({ step: 'failed' })
    const second = start()
    const over = second.undo({
      delivery: { ...named('b').delivery, phase: 'resolved', group: { ...group, firing: [] } },
    })
    await clock.advance(100)
    expect(await over).toMatchObject({ step: 'skipped', reason: 'NothingToUndo' })
    expect(server.replicas('web')).toBe(2)
    expect(await claimsAfter(installation, second)).toEqual([])
  })

  it('is sent again where the hook still asks for it, and says that it was refused', async () => {
    const { clock, server, start, world } = setUp()
    world.fault = against(3)
    const early = start().post(named('a'))
    await clock.advance(100)
    await early
    const claimed = claimsIn(server)[0]
    const process = start()
    const copies = [process.post(named('a')), process.post(named('a'))]
    await clock.advance(100)
    expect(await Promise.all(copies)).toMatchObject([{ step: 'failed' }, { step: 'failed' }])
    expect(claimed).toMatchObject({ helped: false })
    expect(claimsIn(server)).toEqual([{ ...claimed, helped: true }])
    world.fault = () => 'answered'
    const last = process.post(named('a'))
    await clock.advance(100)
    expect(await last).toEqual({ step: 'done', from: 2, to: 3 })
    expect(server.writes.map(({ by }) => by)).toEqual([claimed?.mark])
  })

  it('is counted once where a process that has died gets it through after all, whenever that is', async () => {
    const ends = new Set<number>()
    for (let landsAfter = 0; landsAfter < 40; landsAfter += 0.5) {
      const installation = setUp()
      const { clock, server, start, world } = installation
      const first = start()
      world.fault = request => {
        if (!request.startsWith('PATCH')) return 'answered'
        first.die()
        return { landsAfter }
      }
      void first.post(named('a'))
      await clock.advance(10)
      world.fault = against(3)
      const second = start()
      const copy = second.post({ ...named('a'), plan: upBy(2) })
      await clock.advance(200)
      const step = await copy
      const [write] = server.writes
      expect(step).toEqual({ step: 'done', from: write?.from, to: write?.to })
      expect(server.writes).toHaveLength(1)
      expect(await claimsAfter(installation, second)).toEqual([])
      ends.add(server.replicas('web') ?? 0)
    }
    expect(ends).toEqual(new Set([3, 4]))
  })
})

describe('claimed writes that the API server refuses', () => {
  const refusing = (request: string): NetworkFault =>
    request.startsWith('PATCH') ? { declined: status(422) } : 'answered'

  it('are not made again by a delivery that was in one of them with others', async () => {
    const { clock, server, start, world } = setUp()
    world.fault = refusing
    const process = start()
    const warm = process.preview(named('warm'))
    await clock.advance(100)
    await warm
    const early = [process.post(named('a')), process.post(named('b'))]
    await clock.advance(100)
    expect(await Promise.all(early)).toMatchObject([{ step: 'failed' }, { step: 'failed' }])
    const again = process.post(named('a'))
    await clock.advance(100)
    expect(await again).toMatchObject({ step: 'failed' })
    world.fault = () => 'answered'
    for (const key of ['b', 'a', 'b', 'a']) {
      const copy = process.post(named(key))
      await clock.advance(2000)
      await copy
    }
    expect(server.replicas('web')).toBe(4)
  })

  it.each([false, true])('count as the run of a hook that cools down (history gone: %s)', async isCompacted => {
    const { clock, server, start, world } = setUp()
    const cooling = (key: string): About => ({ ...named(key), cooldownMs: 60_000 })
    const first = start()
    world.fault = request => {
      if (!request.startsWith('PATCH')) return 'answered'
      first.die()
      return { landsAfter: 500 }
    }
    void first.post(cooling('a'))
    await clock.advance(10)
    const second = start()
    world.fault = (request, body) => {
      if (!request.startsWith('PATCH')) return 'answered'
      if (!body.includes('"replicas":2}')) return { declined: status(422) }
      second.die()
      return 'never arrives'
    }
    void second.post({
      ...cooling('a'),
      plan: moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 2, overshoot: 'clamp' }),
    })
    await clock.advance(1000)
    expect(server.replicas('web')).toBe(3)
    world.fault = () => 'answered'
    const third = start()
    if (isCompacted) {
      for (const count of [8, 9, 10]) server.outsideWrite('web', () => count)
      server.compact()
    }
    const copy = third.post(cooling('a'))
    await clock.advance(100)
    const outcome = isCompacted ? { reason: 'OutcomeUnknown' } : { step: 'done', from: 2, to: 3 }
    expect(await copy).toMatchObject(outcome)
    const next = third.post(cooling('b'))
    await clock.advance(100)
    expect(await next).toMatchObject({ step: 'skipped', reason: 'CoolingDown' })
  })

  it('do not fill a record, however many there are', async () => {
    const { clock, server, start, world } = setUp()
    world.fault = (request, body) =>
      request.startsWith('PATCH') && !body.includes('"replicas":2}') ? { declined: status(422) } : 'answered'
    const process = start()
    for (let i = 0; i < 1500; i++) {
      const posted = process.post(named(`job ${i}`))
      await clock.advance(100)
      expect(await posted).toMatchObject({ step: 'failed' })
    }
    expect(server.memory('web-up')?.rows.length).toBeLessThan(400)
  })

  it('are cleaned out of a record that is full of them, once they are all over', async () => {
    const { clock, server, start, world } = setUp()
    const rows: Row[] = []
    for (let i = 0; i < 4600; i++) {
      const claim = claimOf(server, { mark: `receiver-hooks.70710a2ebd22e0b2.${i}` })
      rows.push({ state: 'claimed', key: keyOf(`job ${i}`), at: clock.now(), from: 2, to: 3, claim })
    }
    putRows(server, rows)
    // What the record is sent as, and no more than that.
    const full = JSON.stringify(server.record('web-up')).length
    server.outsideWrite('web', () => 5)
    world.fault = (request, body) =>
      request.startsWith('PUT') && Buffer.byteLength(body) > full ? { declined: status(422) } : 'answered'
    const process = start()
    void process.ledgers.run(new AbortController().signal)
    await clock.advance(20_000)
    let last: Step | undefined
    for (let i = 0; i < 3; i++) {
      const posted = process.post(named(`new ${i}`))
      await clock.advance(5000)
      last = await posted
    }
    expect(last).toMatchObject({ step: 'done' })
    expect(server.memory('web-up')?.rows.length).toBeLessThan(10)
  })

  it('leave a bounded number of marks on a target', async () => {
    const { clock, server, start, world } = setUp()
    world.fault = (request, body) =>
      request.startsWith('PATCH') && body.includes('"replicas":3}') ? { declined: status(422) } : 'answered'
    const process = start()
    const group = { key: 'g', firing: ['x'], mixed: false }
    const ends: string[] = []
    for (let i = 0; i < 20; i++) {
      const fired = process.post({ delivery: { ...named(`a${i}`).delivery, group }, undo: true })
      await clock.advance(1000)
      await fired
      const over = process.undo({
        delivery: { ...named(`b${i}`).delivery, phase: 'resolved', group: { ...group, firing: [] } },
      })
      await clock.advance(1000)
      ends.push((await over).step)
    }
    expect(ends.slice(0, 8)).toEqual(Array<string>(8).fill('skipped'))
    expect(ends.at(-1)).toBe('failed')
    expect(server.owners('web')).toEqual([
      'kubectl',
      ...Array.from({ length: 8 }, (_, i) => `receiver-hooks.fence.${i + 1}`),
    ])
  })

  it('are tried again however often they were refused', async () => {
    const { clock, start, world } = setUp()
    world.fault = refusing
    for (let i = 0; i < 12; i++) {
      const plan = moveWithin({ action: 'up', by: { count: 2 + i }, min: 0, max: 100, overshoot: 'clamp' })
      const posted = start().post({ ...named('a'), plan })
      await clock.advance(100)
      await posted
    }
    world.fault = (request, body) =>
      request.startsWith('PATCH') && !/"replicas":[23]}/.test(body) ? { declined: status(422) } : 'answered'
    const last = start().post(named('a'))
    await clock.advance(100)
    expect(await last).toMatchObject({ step: 'done', from: 2, to: 3 })
  })
})

describe('a delivery that is skipped while its claim has been left behind', () => {
  type Process = ReturnType<ReturnType<typeof setUp>['start']>

  const skip = (process: Process, clock: FakeClock, key: string) =>
    storeSkip(
      { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' },
      process.context(named(key)),
      { ...process.environment, clock },
    )

  /** Returns two deliveries that were claimed in one write. */
  const claimedTogether = ({ clock, server }: ReturnType<typeof setUp>): void => {
    const claim = claimOf(server, { to: 4 })
    putRows(server, [
      { state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim },
      { state: 'claimed', key: keyOf('b'), at: clock.now(), newsAt: 5, from: 3, to: 4, claim },
    ])
  }

  it.each([1, 2])('is not made by the copy of another of the same write (skipped %i times)', async times => {
    const installation = setUp()
    const { clock, server, start } = installation
    claimedTogether(installation)
    await clock.advance(11_000)
    const process = start()
    for (let i = 0; i < times; i++) {
      const skipped = skip(process, clock, 'a')
      await clock.advance(61_000)
      expect(await skipped).toMatchObject({ outcome: 'skipped', reason: 'Suspended' })
    }
    const b = process.post(named('b', 5))
    await clock.advance(1000)
    expect(await b).toEqual({ step: 'done', from: 2, to: 3 })
    expect(server.replicas('web')).toBe(3)
  })

  it('does not give the others up because the API server would not tell once', async () => {
    const installation = setUp()
    const { clock, start, world } = installation
    claimedTogether(installation)
    await clock.advance(11_000)
    let asked = 0
    world.fault = request => (request === 'GET deployments' && asked++ === 0 ? { declined: status(403) } : 'answered')
    const process = start()
    const skipped = skip(process, clock, 'a')
    await clock.advance(4100)
    expect(await skipped).toMatchObject({ outcome: 'skipped', reason: 'Suspended' })
    const b = process.post(named('b', 5))
    await clock.advance(300)
    expect(await b).toMatchObject({ step: 'done' })
  })

  it('is not looked into without a pause where a fence is answered 409', async () => {
    const installation = setUp()
    const { clock, requests, start, world } = installation
    claimedTogether(installation)
    await clock.advance(11_000)
    world.fault = request => (request.startsWith('PATCH') ? { declined: status(409) } : 'answered')
    const skipped = skip(start(), clock, 'a')
    await clock.advance(4100)
    expect(await skipped).toMatchObject({ outcome: 'unavailable' })
    expect(requests.length).toBeLessThan(250)
  })

  it.each([undefined, 'b'])('has one answer, though a helper is just making its write (with %s)', async other => {
    const installation = setUp()
    const { clock, server, start, world } = installation
    if (other !== undefined) claimedTogether(installation)
    else
      putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    await clock.advance(11_000)
    const [helper, second] = [start(), start()]
    world.fault = request => (request.startsWith('PATCH') ? { landsAfter: 500 } : 'answered')
    const cooling = { cooldownMs: 60_000 }
    const copy = helper.post({ ...named(other ?? 'a', other === undefined ? undefined : 5), ...cooling })
    await clock.advance(50)
    const skipped = skip(second, clock, 'a')
    await clock.advance(600)
    world.fault = () => 'answered'
    const next = second.post({ ...named('c'), ...cooling })
    await clock.advance(4000)
    await Promise.all([copy, next])
    expect(await skipped).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(server.writes.map(({ by }) => by)).toEqual(['rhook.gone.1'])
  })
})

describe('a claim that cannot be cleared up', () => {
  it.each<[string, number, Partial<Record<string, number>>]>([
    ['its evidence is forbidden', 7, { list: 403, write: 422 }],
    ['a fence is answered 409', 2, { write: 422, fence: 409 }],
  ])('is not tried without a pause where %s', async (_, count, codes) => {
    const { clock, requests, server, start, world } = setUp()
    putRows(server, [
      { state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 9, claim: claimOf(server, { to: 9 }) },
    ])
    if (count !== 2) server.outsideWrite('web', () => count)
    world.fault = (request, body) => {
      const list = request === 'GET deployments' ? codes['list'] : undefined
      const isFence = body.includes(`"replicas":${count}}`)
      const code = request.startsWith('PATCH') ? codes[isFence ? 'fence' : 'write'] : list
      return code === undefined ? 'answered' : { declined: status(code) }
    }
    const posted = start().post(named('a'))
    await clock.advance(4100)
    expect(await posted).toMatchObject({ step: 'unavailable' })
    expect(requests.length).toBeLessThan(500)
  })

  it('does not keep those waiting that meet it, where somebody writes before the fence', async () => {
    const { clock, server, start, world } = setUp()
    const claim = claimOf(server, { to: 102 })
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
    putRows(
      server,
      keys.map((key, i): Row => ({
        state: 'claimed',
        key: keyOf(key),
        at: clock.now(),
        from: 2 + i,
        to: 3 + i,
        claim,
      })),
    )
    const process = start()
    const warm = process.preview(named('warm'))
    await clock.advance(100)
    await warm
    void process.unnamed(count => count)
    let stage: 'before' | 'refused' | 'written' = 'before'
    world.fault = (request, body) => {
      if (request.startsWith('PATCH') && body.includes('"replicas":102}')) {
        stage = 'refused'
        return { declined: status(422) }
      }
      if (stage === 'refused' && request === 'GET deployments/web') {
        stage = 'written'
        server.outsideWrite('web', () => 5)
      }
      return 'answered'
    }
    const posts = keys.map(key => process.post(named(key)))
    await clock.advance(4100)
    expect((await Promise.all(posts)).filter(({ step }) => step !== 'done')).toEqual([])
  })

  it('ends the time of the one that helps, and not that of the others', async () => {
    const { clock, server, start, world } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    let isHeld = true
    world.fault = request => {
      const isLost = (isHeld && request === 'GET deployments/web') || request === 'GET deployments'
      return isLost || request.startsWith('PATCH') ? 'never arrives' : 'answered'
    }
    const process = start()
    const first = process.post(named('a'))
    await clock.advance(2000)
    const second = process.post(named('a'))
    isHeld = false
    await clock.advance(2100)
    world.fault = () => 'answered'
    await clock.advance(1900)
    expect(await first).toMatchObject({ step: 'unavailable' })
    expect(await second).toMatchObject({ step: 'done' })
  })

  it('is fenced once for all that wait for it', async () => {
    const { clock, requests, server, start, world } = setUp()
    const claim = claimOf(server, { to: 52 })
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    putRows(
      server,
      keys.map((key, i): Row => ({
        state: 'claimed',
        key: keyOf(key),
        at: clock.now(),
        from: 2 + i,
        to: 3 + i,
        claim,
      })),
    )
    world.fault = (request, body) =>
      request.startsWith('PATCH') && !body.includes('"replicas":2}') ? { declined: status(422) } : 'answered'
    const process = start()
    const warm = process.preview(named('warm'))
    await clock.advance(100)
    await warm
    void process.unnamed(count => count)
    const posts = keys.map(key => process.post(named(key)))
    await clock.advance(4100)
    await Promise.all(posts)
    expect(requests.filter(request => request.startsWith('PATCH')).length).toBeLessThan(10)
  })
})

describe('what was answered, and another process could not tell of', () => {
  const group = { key: 'g', firing: ['x'], mixed: false }
  const end = { ...named('end').delivery, phase: 'resolved', group: { ...group, firing: [] } } as const

  /** Sets up two processes: the first has made a delivery and not reported it, and the second could not find that out. */
  const given = async (about: About) => {
    const installation = setUp()
    const { clock, server, start } = installation
    const [first, second] = [start(), start()]
    const posted = first.post(about)
    await clock.advance(100)
    expect(await posted).toMatchObject({ step: 'done', from: 2, to: 3 })
    for (const count of [8, 9, 10]) server.outsideWrite('web', () => count)
    server.compact()
    const copy = second.post(about)
    await clock.advance(100)
    expect(await copy).toMatchObject({ reason: 'OutcomeUnknown' })
    /** Lets both report what they know, the first last. */
    const reportBoth = async (): Promise<void> => {
      for (const process of [second, first]) {
        void process
          .context(about)
          .ledger()
          .flush(() => true)
        await clock.advance(100)
      }
    }
    return { ...installation, second, reportBoth }
  }

  it('is no later run of a hook that has run since', async () => {
    const cooling = { cooldownMs: 60_000 }
    const { clock, second, start, reportBoth } = await given({ ...named('a'), ...cooling })
    await clock.advance(61_000)
    const next = second.post({ ...named('b'), ...cooling })
    await clock.advance(300)
    expect(await next).toMatchObject({ step: 'done' })
    await reportBoth()
    const last = start().post({ ...named('c'), ...cooling })
    await clock.advance(300)
    expect(await last).toMatchObject({ step: 'skipped', reason: 'CoolingDown' })
  })

  it('does not fire again once that is over', async () => {
    const { clock, second, start, reportBoth } = await given({ delivery: { ...named('a').delivery, group } })
    const over = second.post({ delivery: end })
    await clock.advance(100)
    await over
    await reportBoth()
    await clock.advance(60_000)
    const again = start().post({ delivery: { ...named('b').delivery, group: { ...group, mixed: true } } })
    await clock.advance(300)
    expect(await again).toMatchObject({ step: 'done' })
  })

  it('is known once its process tells of it', async () => {
    const { clock, start, reportBoth } = await given({ delivery: { ...named('a').delivery, group }, undo: true })
    await reportBoth()
    const over = start().undo({ delivery: end })
    await clock.advance(100)
    expect(await over).toMatchObject({ step: 'done', from: 10, to: 9 })
  })
})

describe('a claim on a target whose kind cannot be asked for', () => {
  it('keeps nobody from the present target', async () => {
    const { clock, server, start } = setUp()
    const claim = claimOf(server, { target: 'apps/v1/statefulsets/StatefulSet/x' })
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim }])
    const process = start()
    const first = process.post({ ...named('c'), cooldownMs: 60_000 })
    await clock.advance(20)
    const other = process.unnamed()
    await clock.advance(200)
    expect(await other).toMatchObject({ step: 'done' })
    expect(await first).toMatchObject({ step: 'unavailable', reason: 'Contended' })
  })
})

describe('a report of new alerts beside ended ones', () => {
  it('is a step although somebody else wrote first', async () => {
    const { clock, server, start, world } = setUp()
    const group = { key: 'g', firing: ['x', 'z'], mixed: true }
    world.fault = request => {
      if (request.startsWith('PATCH') && server.writes.length === 0) server.outsideWrite('web', () => 7)
      return 'answered'
    }
    const posted = start().post({ delivery: { ...named('a').delivery, group } })
    await clock.advance(100)
    expect(await posted).toEqual({ step: 'done', from: 7, to: 8 })
  })
})

describe('the end of an alert that has no name', () => {
  it('takes back what another process has counted since this one last looked', async () => {
    const { clock, server, start } = setUp()
    const [first, second] = [start(), start()]
    const firing = { phase: 'firing' as const, group: { key: 'g', firing: ['x'], mixed: false } }
    const other = second.post({ ...named('other'), undo: true })
    await clock.advance(100)
    await other
    const fired = first.post({ delivery: firing, undo: true })
    await clock.advance(100)
    expect(await fired).toMatchObject({ step: 'done', from: 3, to: 4 })
    const over = second.undo({ delivery: { phase: 'resolved', group: { ...firing.group, firing: [] } } })
    await clock.advance(100)
    expect(await over).toEqual({ step: 'done', from: 4, to: 3 })
    expect(server.replicas('web')).toBe(3)
  })
})

describe('a server that always answers 409', () => {
  it('is not asked without a pause', async () => {
    const { clock, requests, start, world } = setUp()
    world.fault = request => (request.startsWith('PATCH') ? { declined: status(409) } : 'answered')
    const process = start()
    const posted = process.unnamed()
    await clock.advance(5000)
    expect(await posted).toMatchObject({ step: 'unavailable' })
    expect(requests.length).toBeLessThan(250)
  })
})

describe('a dry run', () => {
  it('is answered in its time also while the record cannot be reached', async () => {
    const { clock, start, world } = setUp()
    const process = start()
    world.fault = request => (request.includes('receiverhookrecords') ? 'lost on its way' : 'answered')
    let answered: Step | undefined
    void process.preview(named('a')).then(step => (answered = step))
    await clock.advance(4001)
    expect(answered).toMatchObject({ step: 'unavailable' })
  })
})

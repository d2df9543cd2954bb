import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/api/hash.ts'
import type { Row } from '../../src/api/row.ts'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import type { Plan, Step } from '../../src/steps/steps.ts'
import { type NetworkFault } from '../support/faulty-connection.ts'
import { status } from '../support/step-server.ts'
import { type About, setUp, named, putRows, claimsIn, claimOf } from './claimed.ts'

describe('a post without a name in a write that was refused', () => {
  // The other process is allowed to write by then: rights are given and taken, and webhooks change their minds.
  it('is not answered that nothing was changed: another process may finish the claim of the named one with it', async () => {
    const { clock, server, start, world } = setUp()
    const [first, second] = [start(), start()]
    let refusals = 5
    world.fault = request => (request.startsWith('PATCH') && refusals-- > 0 ? { declined: status(403) } : 'answered')
    const reading = first.preview(named('other'))
    await clock.advance(100)
    await reading
    const posts = [first.post(named('a')), first.unnamed()]
    await clock.advance(1000)
    expect(await Promise.all(posts)).toMatchObject([{ outcome: 'failed' }, { outcome: 'unknown' }])
    const copy = second.post(named('a'))
    await clock.advance(100)
    expect(await copy).toMatchObject({ outcome: 'done' })
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
    expect(await early).toMatchObject({ outcome: 'failed', reason: 'NotScalable' })
    const second = start()
    const copy = second.post({ ...named('a'), plan: upBy(2) })
    await clock.advance(100)
    expect(await copy).toEqual({ outcome: 'done', from: 2, to: 4 })
    expect(server.writes.map(({ to }) => to)).toEqual([4])
    expect(await claimsAfter(installation, second)).toEqual([])
  })

  it('gives way to another delivery of a hook that cools down', async () => {
    const installation = setUp()
    const { clock, start, world } = installation
    world.fault = against(3)
    const early = start().post({ cooldownMs: 60_000 })
    await clock.advance(100)
    expect(await early).toEqual({ outcome: 'unknown' })
    const second = start()
    const next = second.post({ ...named('b'), cooldownMs: 60_000, plan: upBy(2) })
    await clock.advance(100)
    expect(await next).toEqual({ outcome: 'done', from: 2, to: 4 })
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
    expect(await copy).toEqual({ outcome: 'done', from: 2, to: 2 })
    expect(server.version('web')).not.toEqual(before)
    expect(server.replicas('web')).toBe(2)
    expect(await claimsAfter(installation, second)).toEqual([])
  })

  it('leaves nothing that the end of its alert could take back, and that end is answered so', async () => {
    const installation = setUp()
    const { clock, server, start, world } = installation
    const group = { key: 'g', firing: ['x'], mixed: false }
    world.fault = against(3)
    const fired = start().post({ delivery: { ...named('a').delivery, group }, undo: true })
    await clock.advance(100)
    expect(await fired).toMatchObject({ outcome: 'failed' })
    const second = start()
    const over = second.undo({
      delivery: { ...named('b').delivery, phase: 'resolved', group: { ...group, firing: [] } },
    })
    await clock.advance(100)
    expect(await over).toMatchObject({ outcome: 'skipped', reason: 'NothingToUndo' })
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
    expect(await Promise.all(copies)).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }])
    expect(claimed).toMatchObject({ helped: false })
    expect(claimsIn(server)).toEqual([{ ...claimed, helped: true }])
    world.fault = () => 'answered'
    const last = process.post(named('a'))
    await clock.advance(100)
    expect(await last).toEqual({ outcome: 'done', from: 2, to: 3 })
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
      expect(step).toEqual({ outcome: 'done', from: write?.from, to: write?.to })
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
    expect(await Promise.all(early)).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }])
    const again = process.post(named('a'))
    await clock.advance(100)
    expect(await again).toMatchObject({ outcome: 'failed' })
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
    const outcome = isCompacted ? { reason: 'OutcomeUnknown' } : { outcome: 'done', from: 2, to: 3 }
    expect(await copy).toMatchObject(outcome)
    const next = third.post(cooling('b'))
    await clock.advance(100)
    expect(await next).toMatchObject({ outcome: 'skipped', reason: 'CoolingDown' })
  })

  it('do not fill a record, however many there are', async () => {
    const { clock, server, start, world } = setUp()
    world.fault = (request, body) =>
      request.startsWith('PATCH') && !body.includes('"replicas":2}') ? { declined: status(422) } : 'answered'
    const process = start()
    for (let i = 0; i < 1500; i++) {
      const posted = process.post(named(`job ${i}`))
      await clock.advance(100)
      expect(await posted).toMatchObject({ outcome: 'failed' })
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
    expect(last).toMatchObject({ outcome: 'done' })
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
      ends.push((await over).outcome)
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
    expect(await last).toMatchObject({ outcome: 'done', from: 2, to: 3 })
  })
})

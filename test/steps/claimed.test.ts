import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/api/hash.ts'
import type { Row } from '../../src/api/row.ts'
import type { Step } from '../../src/steps/steps.ts'
import { type NetworkFault } from '../support/faulty-connection.ts'
import { status } from '../support/step-server.ts'
import { type About, setUp, named, putRows, claimOf } from './claimed.ts'

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
    expect(await copy).toEqual({ outcome: 'done', from: 2, to: 3 })
    expect(server.writes).toHaveLength(1)
    expect(requests.filter(request => request.startsWith('PATCH'))).toHaveLength(2)
  })

  it('is computed again where somebody else has written first', async () => {
    const { clock, server, start } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    server.outsideWrite('web', () => 8)
    const copy = start().post(named('a'))
    await clock.advance(100)
    expect(await copy).toEqual({ outcome: 'done', from: 8, to: 9 })
  })

  it('counts as unknown where the history that would show it is gone, and is not made again', async () => {
    const { clock, server, start } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    for (const count of [8, 9, 10]) server.outsideWrite('web', () => count)
    server.compact()
    const process = start()
    const copy = process.post(named('a'))
    await clock.advance(100)
    expect(await copy).toMatchObject({ outcome: 'skipped', reason: 'OutcomeUnknown' })
    expect(server.replicas('web')).toBe(10)
    expect(process.environment.lines.join()).toContain('nobody knows whether a step was made')
  })

  it('counts as unknown where the claim names a target that this version cannot read', async () => {
    const { clock, server, start } = setUp()
    const claim = claimOf(server, { target: 'a newer way to write it' })
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim }])
    const copy = start().post(named('a'))
    await clock.advance(100)
    expect(await copy).toMatchObject({ outcome: 'skipped', reason: 'OutcomeUnknown' })
    expect(server.replicas('web')).toBe(2)
  })

  it('does not stand in the way when its target is gone', async () => {
    const { clock, server, start } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    server.removeTarget('web')
    const copy = start().post({ ...named('a'), target: 'api' })
    await clock.advance(200)
    expect(await copy).toEqual({ outcome: 'done', from: 2, to: 3 })
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
      expect(await next).toMatchObject({ outcome: 'skipped', reason: 'CoolingDown' })
      expect(server.writes).toHaveLength(1)
    },
  )

  it('is finished before a repeat of it that is due, which is a step of its own', async () => {
    const { clock, server, start } = setUp()
    putRows(server, [{ state: 'claimed', key: keyOf('a'), at: clock.now(), from: 2, to: 3, claim: claimOf(server) }])
    await clock.advance(60_000)
    const repeat = start().post(named('a'))
    await clock.advance(100)
    expect(await repeat).toEqual({ outcome: 'done', from: 3, to: 4 })
    expect(server.writes.map(({ by, to }) => [by === 'rhook.gone.1', to])).toEqual([
      [true, 3],
      [false, 4],
    ])
  })

  it('is looked up again before it is finished: what was known may be over', async () => {
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
    expect(await copy).toEqual({ outcome: 'done', from: 2, to: 3 })
    expect(server.writes.map(({ by }) => by)).not.toContain(claim.mark)
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
    expect(await posted).toMatchObject({ outcome: 'unavailable' })
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
    expect((await Promise.all(posts)).filter(({ outcome }) => outcome !== 'done')).toEqual([])
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
    expect(await first).toMatchObject({ outcome: 'unavailable' })
    expect(await second).toMatchObject({ outcome: 'done' })
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

describe('what was answered, and another process could not find out', () => {
  const group = { key: 'g', firing: ['x'], mixed: false }
  const end = { ...named('end').delivery, phase: 'resolved', group: { ...group, firing: [] } } as const

  /** Sets up two processes: the first has made a delivery and not reported it, and the second could not find that out. */
  const given = async (about: About) => {
    const installation = setUp()
    const { clock, server, start } = installation
    const [first, second] = [start(), start()]
    const posted = first.post(about)
    await clock.advance(100)
    expect(await posted).toMatchObject({ outcome: 'done', from: 2, to: 3 })
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
    expect(await next).toMatchObject({ outcome: 'done' })
    await reportBoth()
    const last = start().post({ ...named('c'), ...cooling })
    await clock.advance(300)
    expect(await last).toMatchObject({ outcome: 'skipped', reason: 'CoolingDown' })
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
    expect(await again).toMatchObject({ outcome: 'done' })
  })

  it('is known once its process reports it', async () => {
    const { clock, start, reportBoth } = await given({ delivery: { ...named('a').delivery, group }, undo: true })
    await reportBoth()
    const over = start().undo({ delivery: end })
    await clock.advance(100)
    // Others have set the count since. If the change were not known, there would be nothing to undo.
    expect(await over).toMatchObject({ outcome: 'skipped', reason: 'SetByOthers' })
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
    expect(await other).toMatchObject({ outcome: 'done' })
    expect(await first).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
  })
})

describe('a report of new alerts together with ended ones', () => {
  it('is a step although somebody else wrote first', async () => {
    const { clock, server, start, world } = setUp()
    const group = { key: 'g', firing: ['x', 'z'], mixed: true }
    world.fault = request => {
      if (request.startsWith('PATCH') && server.writes.length === 0) server.outsideWrite('web', () => 7)
      return 'answered'
    }
    const posted = start().post({ delivery: { ...named('a').delivery, group } })
    await clock.advance(100)
    expect(await posted).toEqual({ outcome: 'done', from: 7, to: 8 })
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
    expect(await fired).toMatchObject({ outcome: 'done', from: 3, to: 4 })
    const over = second.undo({ delivery: { phase: 'resolved', group: { ...firing.group, firing: [] } } })
    await clock.advance(100)
    expect(await over).toEqual({ outcome: 'done', from: 4, to: 3 })
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
    expect(await posted).toMatchObject({ outcome: 'unavailable' })
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
    expect(answered).toMatchObject({ outcome: 'unavailable' })
  })
})

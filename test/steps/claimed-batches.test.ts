import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/api/hash.ts'
import { storeSkip } from '../../src/steps/skip.ts'
import type { Step } from '../../src/steps/steps.ts'
import { type FakeClock } from '../support/clock.ts'
import { status } from '../support/step-server.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { setUp, named, putRows, claimOf, claimsIn } from './claimed.ts'

describe('a claimed write', () => {
  it.each([
    [
      'of hooks with one account has the steps of its own hook alone',
      true,
      [
        [2, 3],
        [3, 5],
      ],
    ],
    ['of hooks without an account has those of other hooks too', false, [[2, 5]]],
  ])('%s', async (_what, hasAccount, written) => {
    const { clock, server, start } = setUp()
    const process = start()
    const { api } = process.environment
    const account = hasAccount ? { name: 'able', api } : undefined
    const posted = Promise.all([
      process.post({ ...named('a'), account }),
      process.post({ hook: 'other', account }),
      process.post({ hook: 'other', account }),
    ])
    await clock.advance(1000)
    expect(await posted).toMatchObject([{ outcome: 'done' }, { outcome: 'done' }, { outcome: 'done' }])
    expect(server.writes.map(({ from, to }) => [from, to])).toEqual(written)
  })
})

it('a post that came first is in the first write, though the claims after it are of another hook', async () => {
  const { clock, server, start } = setUp()
  const process = start()
  const account = { name: 'able', api: process.environment.api }
  const posted = Promise.all([
    process.post({ hook: 'other', account }),
    ...['a', 'b', 'c'].map(key => process.post({ ...named(key), account })),
  ])
  await clock.advance(1000)
  await posted
  expect(server.writes.map(({ from, to }) => [from, to])).toEqual([
    [2, 3],
    [3, 6],
  ])
})

describe('a delivery to a record that has lost a page', () => {
  it.each([
    ['counts if its hook is there', false, 'done', [[2, 3]]],
    ['does not count if its hook is deleted: the page may have said that it has counted', true, 'changed', []],
  ])('%s', async (_what, isDeleted, step, written) => {
    const { clock, server, start } = setUp()
    const process = start()
    server.putRecord('web-up', 'uid of web-up', JSON.stringify({ ...storedOf(emptyMemory), pages: ['page-gone'] }))
    const posted = process.post(named('a'))
    if (isDeleted) server.hooks.delete('web-up')
    await clock.advance(1000)
    expect(await posted).toMatchObject({ outcome: step })
    expect(server.writes.map(({ from, to }) => [from, to])).toEqual(written)
  })
})

describe('claims that their processes have left behind', () => {
  it('are looked at one after another, also while one of them cannot be read', async () => {
    const { clock, server, start, world } = setUp()
    const process = start()
    const at = clock.now() - 20_000
    const unreadable = claimOf(server, { mark: 'rhook.gone.2', target: 'apps/v1/statefulsets/StatefulSet/db' })
    putRows(server, [
      { state: 'claimed', key: keyOf('a'), at, from: 2, to: 3, claim: unreadable },
      { state: 'claimed', key: keyOf('b'), at, from: 2, to: 3, claim: claimOf(server) },
    ])
    server.outsideWrite('web', () => 8)
    world.fault = request => (request === 'GET statefulsets' ? 'never arrives' : 'answered')
    for (const key of ['c', 'd', 'e']) {
      const posted = process.post(named(key))
      await clock.advance(15_000)
      expect(await posted).toMatchObject({ outcome: 'done' })
    }
    const marks = claimsIn(server).map(({ mark }) => mark)
    expect(marks).toContain('rhook.gone.2')
    expect(marks).not.toContain('rhook.gone.1')
  })
})

describe('a claim whose outcome nobody can find out any more', () => {
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
      { state: 'unknown' },
      { state: 'unknown' },
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
      { outcome: 'done', from: 2, to: 3 },
      { outcome: 'done', from: 3, to: 4 },
      { outcome: 'done', from: 4, to: 5 },
      expect.objectContaining({ outcome: 'skipped', reason: 'Duplicate' }),
    ])
    expect(server.writes.map(({ to }) => to)).toEqual([5])
  })

  it('of other hooks waits for its own write', async () => {
    const { clock, server, start } = setUp()
    const process = start()
    const posts = [process.post(named('a')), process.post({ ...named('a'), hook: 'web-too' }), process.post(named('b'))]
    await clock.advance(100)
    expect(await Promise.all(posts)).toEqual([
      { outcome: 'done', from: 2, to: 3 },
      { outcome: 'done', from: 4, to: 5 },
      { outcome: 'done', from: 3, to: 4 },
    ])
    expect(server.writes.map(({ to }) => to)).toEqual([4, 5])
  })

  it('is answered with its own skip, although the write of the others is refused', async () => {
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
      { outcome: 'failed', reason: 'Forbidden' },
      { outcome: 'skipped', reason: 'CoolingDown' },
    ])
    expect(await before).toMatchObject({ outcome: 'failed' })
  })

  it('is answered why it was skipped, although the write of the others came too late', async () => {
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
    expect(await Promise.all(posts)).toMatchObject([{ outcome: 'done' }, { outcome: 'skipped', reason: 'CoolingDown' }])
    expect([await before, patches]).toMatchObject([{ outcome: 'done' }, 3])
  })

  it('is judged on the outcomes of the others, also where that of their write is unknown', async () => {
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
      { outcome: 'skipped', reason: 'OutcomeUnknown' },
      { outcome: 'skipped', reason: 'CoolingDown' },
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
      { outcome: 'done', from: 3, to: 4 },
      { outcome: 'skipped', reason: 'CoolingDown' },
      { outcome: 'refused', refused: 'gone' },
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
    expect((await all).steps.map(({ outcome }) => outcome)).toEqual(posts.map(() => 'done'))
    expect((await all).at).toBeLessThanOrEqual(before)
    expect((await Promise.all(skipped)).map(({ outcome }) => outcome)).toEqual(skipped.map(() => 'skipped'))
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
      { outcome: 'done' },
      { outcome: 'skipped', reason: 'NothingToUndo' },
      { outcome: 'done' },
    ])
    await clock.advance(4000)
    expect(await copy).toMatchObject({ outcome: 'unavailable' })
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
    expect(steps.filter(({ outcome }) => outcome === 'done')).toHaveLength(1000)
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
    expect(await b).toEqual({ outcome: 'done', from: 2, to: 3 })
    expect(server.replicas('web')).toBe(3)
  })

  it('does not give the others up because the API server refused a read once', async () => {
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
    expect(await b).toMatchObject({ outcome: 'done' })
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

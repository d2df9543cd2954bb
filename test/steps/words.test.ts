import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/api/hash.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { undoOf } from '../support/memories.ts'
import { claimOf, claimsIn, named, putRows, setUp, type About } from './claimed.ts'

const group = { key: 'g', firing: ['x'], mixed: false }
const fires: About = { undo: true, delivery: { ...named('firing').delivery, group } }
const ends = (key = 'end'): About => ({
  delivery: { ...named(key).delivery, phase: 'resolved', group: { ...group, firing: [] } },
})

/** Lets an alert fire, which takes the count from 2 to 3. */
const fired = async () => {
  const world = setUp()
  const process = world.start()
  const step = process.post(fires)
  await world.clock.advance(2000)
  expect(await step).toMatchObject({ outcome: 'done', from: 2, to: 3 })
  const undo = async (about = ends()) => {
    const step = process.undo(about)
    await world.clock.advance(4100)
    return await step
  }
  return { ...world, process, undo }
}

const theirs = { outcome: 'skipped', reason: 'SetByOthers' }

describe('the end of an alert', () => {
  it('takes back what it changed, also after another hook has written the count', async () => {
    const { clock, start, undo } = await fired()
    const other = start().unnamed(count => count + 5)
    await clock.advance(100)
    await other
    expect(await undo()).toMatchObject({ outcome: 'done', from: 8, to: 7 })
  })

  it('takes it back after a write that leaves the count', async () => {
    const { server, undo } = await fired()
    server.outsideWrite('web')
    expect(await undo()).toMatchObject({ outcome: 'done', from: 3, to: 2 })
  })

  it('takes nothing back from a count that somebody else has set', async () => {
    const { server, undo } = await fired()
    server.outsideWrite('web', () => 9)
    expect(await undo()).toMatchObject(theirs)
    expect(server.replicas('web')).toBe(9)
  })

  it('takes nothing back from it after another hook has written it', async () => {
    const { clock, server, start, undo } = await fired()
    server.outsideWrite('web', () => 9)
    const other = start().unnamed()
    await clock.advance(100)
    expect(await other).toMatchObject({ from: 9, to: 10 })
    expect(await undo()).toMatchObject(theirs)
    expect(server.replicas('web')).toBe(10)
  })

  it('takes back only what the alert has changed since', async () => {
    const { clock, process, server, undo } = await fired()
    server.outsideWrite('web', () => 9)
    const again = process.post({ undo: true, delivery: { ...named('again').delivery, group } })
    await clock.advance(2000)
    expect(await again).toMatchObject({ from: 9, to: 10 })
    expect(await undo()).toMatchObject({ outcome: 'done', from: 10, to: 9 })
  })

  it('closes what it leaves: a later end has nothing to undo', async () => {
    const { clock, server, start, undo } = await fired()
    server.outsideWrite('web', () => 9)
    expect(await undo()).toMatchObject(theirs)
    expect(undoOf(server.memory('web-up') ?? {})).toEqual({})
    const other = start().unnamed()
    await clock.advance(100)
    await other
    expect(await undo(ends('later'))).toMatchObject({ outcome: 'skipped', reason: 'NothingToUndo' })
  })

  it('leaves nothing to take back when a bound has stopped it', async () => {
    const { clock, process, server, undo } = await fired()
    const down = process.unnamed(count => count - 3)
    await clock.advance(100)
    await down
    expect(await undo()).toMatchObject({ outcome: 'done', from: 0, to: 0 })
    expect(undoOf(server.memory('web-up') ?? {})).toEqual({})
  })

  it('takes nothing back if the target is older than the change, also when it is read again: etcd was restored', async () => {
    const { clock, requests, server, start } = setUp()
    const undone = { key: keyOf('g'), object: 0, at: 0, delta: 1, since: '999999' }
    const objects = [{ target: 'apps/v1/deployments/Deployment/web', uid: server.version('web').uid }]
    server.putRecord('web-up', 'uid of web-up', JSON.stringify({ ...storedOf(emptyMemory), objects, parts: [undone] }))
    const over = start().undo(ends())
    await clock.advance(500)
    expect(await over).toMatchObject(theirs)
    expect(requests.filter(request => request === 'GET deployments/web')).toHaveLength(2)
    expect(undoOf(server.memory('web-up') ?? {})).toEqual({})
    expect(server.replicas('web')).toBe(2)
  })
})

describe('steps that cancel out', () => {
  const both = async (isOurs: boolean) => {
    const { clock, server, start } = setUp()
    const process = start()
    const first = process.unnamed()
    await clock.advance(100)
    await first
    if (!isOurs) server.outsideWrite('web', () => 9)
    // While a write is on its way, two others wait, and are folded into the next.
    const steps = [process.unnamed(count => count), process.post(fires), process.unnamed(count => count - 1)]
    await clock.advance(2000)
    await Promise.all(steps)
    return undoOf(server.memory('web-up') ?? {})
  }

  it('leave something to take back on a count of ours', async () => {
    expect(Object.values(await both(true))).toMatchObject([{ delta: 1 }])
  })

  it('leave nothing on the count of somebody else, which nothing says is ours from then on', async () => {
    expect(await both(false)).toEqual({})
  })
})

describe('a write that nobody has heard of since', () => {
  const mark = 'receiver-hooks.4f.1.100.2'

  it('names the mark of the write that it replaces', async () => {
    const { clock, server, start, world } = await fired()
    const [before] = server.owners('web')
    world.fault = request => (request.startsWith('PATCH') ? 'lost on its way' : 'answered')
    const posted = start().post(named('b'))
    await clock.advance(50)
    expect(claimsIn(server).at(-1)).toMatchObject({ before, to: 4 })
    world.fault = () => 'answered'
    await clock.advance(4100)
    await posted
  })

  /** Puts a claim into the record that its process has left. */
  const left = async (saysBefore = true) => {
    const world = await fired()
    const { clock, server, start } = world
    const [before] = saysBefore ? server.owners('web') : []
    const claim = claimOf(server, { mark, to: 4, ...(before !== undefined && { before }) })
    putRows(server, [{ state: 'claimed', key: keyOf('b'), at: clock.now() - 20_000, from: 3, to: 4, claim }])
    return { ...world, again: start(), claim }
  }
  const post = async ({ again, clock }: Awaited<ReturnType<typeof left>>) => {
    const posted = again.post(named('b'))
    await clock.advance(4100)
    return await posted
  }

  it('was never made if that mark is there at another version, regardless of what the history says', async () => {
    const x = await left()
    x.server.outsideWrite('web')
    x.server.compact()
    expect(await post(x)).toMatchObject({ outcome: 'done', from: 3, to: 4 })
  })

  it('is not known of without that mark', async () => {
    const x = await left(false)
    x.server.outsideWrite('web')
    x.server.compact()
    expect(await post(x)).toMatchObject({ outcome: 'skipped', reason: 'OutcomeUnknown' })
  })

  it('is made once if that mark is there at the very version', async () => {
    const x = await left()
    expect(await post(x)).toMatchObject({ outcome: 'done', from: 3, to: 4 })
    expect(x.server.owners('web')).toEqual([mark])
  })

  it('is not known of if somebody has taken that mark away', async () => {
    const x = await left()
    x.server.outsideWrite('web', () => 9)
    x.server.outsideWrite('web', () => 8)
    x.server.compact()
    expect(await post(x)).toMatchObject({ outcome: 'skipped', reason: 'OutcomeUnknown' })
  })
})

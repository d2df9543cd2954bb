import { describe, expect, it } from 'vitest'
import { limitsOf, type LimitSpec } from '../../src/api/limits-schema.ts'
import { parseTime } from '../../src/environment/time.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import type { Step } from '../../src/steps/steps.ts'
import { type NetworkFault } from '../support/faulty-connection.ts'
import { type About, setUp, named } from './claimed.ts'

const hour = 3_600_000
const limited = (...limits: readonly LimitSpec[]): Pick<About, 'limits'> => ({ limits: limitsOf(limits) })
const six = limited({ most: 6, within: '1h' })

/** Returns how many steps were made, and how many were beyond a limit. */
const counted = (steps: readonly Step[]) => ({
  made: steps.filter(({ outcome }) => outcome === 'done').length,
  beyond: steps.filter(step => step.outcome === 'skipped' && step.reason === 'LimitReached').length,
})

/** Posts one after another. */
const inTurn = async ({ clock }: Pick<ReturnType<typeof setUp>, 'clock'>, posts: readonly (() => Promise<Step>)[]) => {
  const steps: Step[] = []
  for (const post of posts) {
    const posted = post()
    await clock.advance(300)
    steps.push(await posted)
  }
  return steps
}

/** Returns one of some processes, in turns. */
const nth = <T>(processes: readonly T[], index: number): T => {
  const process = processes[index % processes.length]
  if (!process) throw new Error('there is no process')
  return process
}

describe('a hook with a limit of 6 deliveries within an hour', () => {
  it.each([
    ['without names', (_index: number): About => ({})],
    ['with names', (index: number): About => named(`delivery ${index}`)],
  ])('runs 6 of 200 posts at once at three processes, %s', async (_name, about) => {
    const { clock, server, start } = setUp()
    const processes = [start(), start(), start()]
    const posts = Array.from({ length: 200 }, (_, index) => nth(processes, index).post({ ...six, ...about(index) }))
    await clock.advance(3900)
    const steps = await Promise.all(posts)
    expect(counted(steps)).toEqual({ made: 6, beyond: 194 })
    expect(server.replicas('web')).toBe(8)
  })

  it('runs 6 of 200 posts at once, though answers are lost and others write', async () => {
    const { clock, server, start, world } = setUp()
    const processes = [start(), start(), start()]
    const faults: readonly NetworkFault[] = ['answered', 'answer lost', 'answered', 'never arrives', 'answered']
    let requests = 0
    world.fault = () => faults[requests++ % faults.length] ?? 'answered'
    const posts = Array.from({ length: 200 }, (_, index) =>
      nth(processes, index).post({ ...six, ...named(`delivery ${index}`) }),
    )
    await clock.advance(300)
    world.fault = () => 'answered'
    server.outsideWrite('web', count => count + 100)
    await clock.advance(3600)
    await Promise.all(posts)
    const [again] = await inTurn({ clock }, [() => start().post(six)])
    expect(again).toMatchObject({ reason: 'LimitReached' })
    expect(server.replicas('web')).toBe(108)
  })

  it('says when posts count again, and counts them then', async () => {
    const world = setUp()
    const process = world.start()
    const began = world.clock.now()
    const steps = await inTurn(
      world,
      Array.from({ length: 7 }, () => () => process.post(six)),
    )
    expect(counted(steps)).toEqual({ made: 6, beyond: 1 })
    const last = steps.at(-1)
    // In whole seconds, rounded up.
    const opensAt = parseTime((last && 'opensAt' in last ? last.opensAt : undefined) ?? '')
    expect(opensAt - hour - began).toBeLessThan(1010)
    await world.clock.advance(opensAt - 1400 - world.clock.now())
    expect(counted(await inTurn(world, [() => process.post(six)]))).toEqual({ made: 0, beyond: 1 })
    await world.clock.advance(began + hour + 10 - world.clock.now())
    const posts = [process.post(six), process.post(six)]
    await world.clock.advance(100)
    expect(await Promise.all(posts)).toMatchObject([{ outcome: 'done' }, { reason: 'LimitReached' }])
  })

  it('counts a delivery once, however often its copies are sent, and to whom', async () => {
    const world = setUp()
    const [first, second] = [world.start(), world.start()]
    const copies = [first, second, first, second].map(process => () => process.post({ ...six, ...named('a') }))
    await inTurn(world, copies)
    const others = Array.from({ length: 6 }, () => () => second.post(six))
    expect(counted(await inTurn(world, others))).toEqual({ made: 5, beyond: 1 })
  })

  it('never runs a copy of what it has skipped', async () => {
    const world = setUp()
    const process = world.start()
    await inTurn(
      world,
      Array.from({ length: 6 }, () => () => process.post(six)),
    )
    const late = { ...six, ...named('late', 1) }
    const [skipped] = await inTurn(world, [() => process.post(late)])
    expect(skipped).toMatchObject({ reason: 'LimitReached' })
    await world.clock.advance(hour)
    expect(await inTurn(world, [() => world.start().post(late)])).toMatchObject([{ reason: 'Duplicate' }])
  })

  it('lets undos pass, which make no room', async () => {
    const world = setUp()
    const process = world.start()
    const alert = (phase: 'firing' | 'resolved', at: number): About => ({
      ...six,
      undo: true,
      delivery: {
        phase,
        identity: { key: `alert ${phase} ${at}` },
        group: { key: 'g', firing: phase === 'firing' ? ['a'] : [], mixed: false },
      },
    })
    for (let turn = 1; turn <= 6; turn++) {
      const [up] = await inTurn(world, [() => process.post(alert('firing', turn))])
      const [down] = await inTurn(world, [() => process.undo(alert('resolved', turn))])
      expect([up, down]).toMatchObject([
        { outcome: 'done', from: 2, to: 3 },
        { outcome: 'done', from: 3, to: 2 },
      ])
    }
    expect(await inTurn(world, [() => process.post(alert('firing', 7))])).toMatchObject([{ reason: 'LimitReached' }])
    expect(await inTurn(world, [() => process.undo(alert('resolved', 7))])).toMatchObject([{ reason: 'NothingToUndo' }])
  })

  it('counts from nothing once it is made again', async () => {
    const world = setUp()
    const runs = Array.from({ length: 6 }, (_, index) => ({ at: world.clock.now(), of: `run ${index}` }))
    for (const [uid, made] of [
      ['uid of web-up', 0],
      ['uid of its predecessor', 1],
    ] as const) {
      world.server.putRecord('web-up', uid, JSON.stringify(storedOf({ ...emptyMemory, runs })))
      expect(counted(await inTurn(world, [() => world.start().post(six)]))).toEqual({ made, beyond: 1 - made })
    }
  })

  it.each([
    ['raised', limited({ most: 8, within: '1h' }), 2],
    ['lowered', limited({ most: 3, within: '1h' }), 0],
    ['of a shorter time', limited({ most: 6, within: '1s' }), 6],
    ['removed, and set again', six, 0],
  ])('counts what has run before when it is %s', async (_name, edited, more) => {
    const world = setUp()
    const process = world.start()
    await inTurn(
      world,
      Array.from({ length: 6 }, () => () => process.post(six)),
    )
    if (edited === six) await inTurn(world, [() => process.post(named('without a limit'))])
    await world.clock.advance(2000)
    const posts = Array.from({ length: 7 }, () => process.post({ ...six, ...edited }))
    await world.clock.advance(900)
    expect(counted(await Promise.all(posts))).toEqual({ made: more, beyond: 7 - more })
  })

  it('is not reached by a step at a bound, and says on a dry run what it would answer', async () => {
    const world = setUp()
    const process = world.start()
    const still = { ...six, plan: (count: number) => count }
    await inTurn(
      world,
      Array.from({ length: 7 }, () => () => process.post(still)),
    )
    const steps = await inTurn(
      world,
      Array.from({ length: 7 }, () => () => process.preview(six)),
    )
    expect(counted(steps)).toEqual({ made: 7, beyond: 0 })
    await inTurn(
      world,
      Array.from({ length: 6 }, () => () => process.post(six)),
    )
    expect(await inTurn(world, [() => process.preview(six)])).toMatchObject([{ reason: 'LimitReached' }])
  })

  it('is within an hour of its time again, however its clock has jumped', async () => {
    const world = setUp()
    const process = world.start()
    world.clock.jump(24 * hour)
    await inTurn(
      world,
      Array.from({ length: 6 }, () => () => process.post(six)),
    )
    world.clock.jump(-24 * hour + 1000)
    const steps = await inTurn(
      world,
      Array.from({ length: 12 }, () => () => process.post(six)),
    )
    expect(counted(steps)).toEqual({ made: 6, beyond: 6 })
  })
})

describe('a hook with a limit of the change of its count', () => {
  const ten = limited({ by: 10, within: '1h' })
  const upBy = (size: number) => (count: number) => count + size

  it('moves by 10 of 200 at once at three processes', async () => {
    const { clock, server, start } = setUp()
    const processes = [start(), start(), start()]
    const posts = Array.from({ length: 200 }, (_, index) => nth(processes, index).post(ten))
    await clock.advance(3900)
    expect(counted(await Promise.all(posts))).toEqual({ made: 10, beyond: 190 })
    expect(server.replicas('web')).toBe(12)
  })

  it('makes no step in part, and lets a smaller one through', async () => {
    const world = setUp()
    const process = world.start()
    const sizes = [4, 4, 4, 2, 1]
    const steps = await inTurn(
      world,
      sizes.map(size => () => process.post({ ...ten, plan: upBy(size) })),
    )
    expect(steps.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'skipped', 'done', 'skipped'])
    expect(world.server.replicas('web')).toBe(12)
  })

  it('says that a step is too large for it at any time', async () => {
    const world = setUp()
    const [step] = await inTurn(world, [() => world.start().post({ ...ten, plan: upBy(11) })])
    expect(step).toEqual({
      outcome: 'skipped',
      reason: 'LimitReached',
      message: 'the step changes the count by 11, but the limit is a change of the count by 10 within 1h',
    })
  })

  it('counts up and down apart, where the hook was turned around', async () => {
    const world = setUp(50)
    const process = world.start()
    const turn = (size: number) => () => process.post({ ...ten, plan: upBy(size) })
    const steps = await inTurn(world, [turn(10), turn(-10), turn(1), turn(-1)])
    expect(steps.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'skipped', 'skipped'])
  })
})

it('a hook without limits keeps nothing for them', async () => {
  const world = setUp()
  const process = world.start()
  await inTurn(
    world,
    ['a', 'b'].map(key => () => process.post(named(key))),
  )
  const content = JSON.stringify(world.server.memory('web-up'))
  expect(content).not.toMatch(/runs|keep/)
})

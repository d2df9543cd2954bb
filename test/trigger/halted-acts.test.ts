import { expect, it } from 'vitest'
import type { Acts, MayContinue, Worked } from '../../src/acts/acts.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import type { Authentication } from '../../src/trigger/authenticate.ts'
import { haltedActs } from '../../src/trigger/halted-acts.ts'
import type { TriggerContext } from '../../src/trigger/request.ts'
import { fakeClock } from '../support/clock.ts'
import { someContext, someHook } from './some-hook.ts'

const left: Worked = {
  worked: 'unfinished',
  outcome: { outcome: 'unavailable', reason: 'Unfinished', message: '2 of 5 workloads are done' },
  isUntouched: true,
}

const accepted = (hook: object = {}, more: object = {}): Authentication => ({
  accepted: true,
  hook: { ...someHook, ...hook },
  isFormer: false,
  isCurrent: () => true,
  ...more,
})

const stop = { reason: 'an incident', all: true, at: undefined }

/** Begins an act whose work asks whether it may go on. */
const begin = () => {
  const clock = fakeClock()
  const reported: { readonly outcome: Outcome; readonly reason: 'Halted' | undefined }[] = []
  const world = {
    isUnchanged: true,
    asked: 0,
    mayContinue: true,
    isAnswered: true,
    found: accepted(),
  }
  let [mayContinue, end]: [MayContinue, (worked: Worked) => void] = [() => Promise.resolve(false), () => {}]
  const plain: Acts = {
    once: async (work, how) => {
      const { outcome } = await work(
        { id: 'act', at: 0 },
        () => Promise.resolve(world.mayContinue),
        () => {},
      )
      how?.ended?.({ outcome, isAnswered: world.isAnswered, wasDone: () => false })
      return outcome
    },
    settle: () => Promise.resolve(true),
  }
  const context: TriggerContext = { ...someContext(), isUnchanged: () => world.isUnchanged }
  const acts = haltedActs(plain, context, {
    clock,
    authenticate: () => {
      world.asked += 1
      return Promise.resolve(world.found)
    },
    late: ({ outcome }, reason) => void reported.push({ outcome, reason }),
  })
  const answered = acts.once(
    (_act, may) =>
      new Promise(resolve => {
        mayContinue = may
        end = resolve
      }),
  )
  return { answered, clock, end: (worked: Worked) => end(worked), mayContinue: () => mayContinue(), reported, world }
}

it('an act whose hook is known to be unchanged goes on without a question', async () => {
  const { mayContinue, world } = begin()
  expect(await mayContinue()).toBe(true)
  expect(world.asked).toBe(0)
})

it('an act asks once for its hook, and then goes by that', async () => {
  const { mayContinue, world } = begin()
  world.isUnchanged = false
  expect([await mayContinue(), await mayContinue()]).toEqual([true, true])
  expect(world.asked).toBe(1)
})

it.each<[string, Authentication]>([
  ['the hook was suspended', accepted({ generation: 4, suspend: true })],
  ['the hook was edited', accepted({ generation: 4 })],
  ['the hook was deleted', accepted({ uid: 'uid-2' })],
  ['the hook takes the post no more (HookDeleted)', { accepted: false, status: 410, reason: 'HookDeleted' }],
  ['all hooks were stopped', accepted({}, { stop })],
])('an act ends, and its delivery is decided again: %s', async (_why, found) => {
  const { answered, end, mayContinue, reported, world } = begin()
  Object.assign(world, { isUnchanged: false, found })
  expect(await mayContinue()).toBe(false)
  // It does not begin again, even if the hook does.
  Object.assign(world, { isUnchanged: true, found: accepted() })
  expect(await mayContinue()).toBe(false)
  end(left)
  expect(await answered).toEqual({ outcome: 'changed' })
  // What it is decided as is the answer, and counts. Nothing else is to be said of it.
  expect(reported).toEqual([])
})

it('an act that has changed nothing, whose post no longer waits, is reported, because nobody decides it again', async () => {
  const { answered, end, mayContinue, reported, world } = begin()
  Object.assign(world, { isUnchanged: false, found: accepted({ suspend: true }), isAnswered: false })
  await mayContinue()
  end(left)
  await answered
  const message = 'the hook was suspended. 2 of 5 workloads are done'
  expect(reported).toEqual([{ outcome: { outcome: 'unavailable', reason: 'Unfinished', message }, reason: 'Halted' }])
})

it.each([true, false])(
  'an act that was not halted is reported if no answer has said its outcome: answered %s',
  async is => {
    const { answered, end, reported, world } = begin()
    world.isAnswered = is
    end(left)
    await answered
    expect(reported).toEqual(is ? [] : [{ outcome: left.outcome, reason: undefined }])
  },
)

it('an act waits while nobody can say whether its hook may act', async () => {
  const { clock, mayContinue, world } = begin()
  Object.assign(world, { isUnchanged: false, found: { accepted: false, status: 503, reason: 'ApiUnreachable' } })
  let may: boolean | undefined
  void mayContinue().then(answer => (may = answer))
  await clock.advance(5000)
  expect(may).toBeUndefined()
  expect(world.asked).toBeGreaterThan(4)
  world.found = accepted()
  await clock.advance(1000)
  expect(may).toBe(true)
})

it('an act waits until its hook is known to be current', async () => {
  const { clock, mayContinue, world } = begin()
  let isCurrent = false
  Object.assign(world, { isUnchanged: false, found: accepted({}, { isCurrent: () => isCurrent }) })
  let may: boolean | undefined
  void mayContinue().then(answer => (may = answer))
  await clock.advance(3000)
  expect(may).toBeUndefined()
  isCurrent = true
  await clock.advance(1000)
  expect(may).toBe(true)
})

it('an act that may have changed something is not decided again: its post is unfinished, and says how far it came', async () => {
  const { answered, end, mayContinue, reported, world } = begin()
  Object.assign(world, { isUnchanged: false, found: accepted({ suspend: true }) })
  await mayContinue()
  end({ ...left, isUntouched: false })
  const message = 'the hook was suspended. 2 of 5 workloads are done'
  expect(await answered).toEqual({ outcome: 'unavailable', reason: 'Unfinished', message })
  expect(reported).toMatchObject([{ reason: 'Halted', outcome: { message } }])
})

it('an act whose time is over while it waits ends as usual', async () => {
  const { answered, clock, end, mayContinue, reported, world } = begin()
  Object.assign(world, { isUnchanged: false, found: { accepted: false, status: 503, reason: 'ApiUnreachable' } })
  let may: boolean | undefined
  void mayContinue().then(answer => (may = answer))
  await clock.advance(500)
  world.mayContinue = false
  await clock.advance(1000)
  expect(may).toBe(false)
  end(left)
  expect(await answered).toBe(left.outcome)
  expect(reported).toEqual([])
})

it('an act whose time is over while it asks does not go on', async () => {
  const { mayContinue, world } = begin()
  world.isUnchanged = false
  const answer = mayContinue()
  world.mayContinue = false
  expect(await answer).toBe(false)
})

it('an act that is done when its hook is closed says so', async () => {
  const { answered, end, mayContinue, reported, world } = begin()
  Object.assign(world, { isUnchanged: false, found: accepted({ suspend: true }) })
  await mayContinue()
  const done: Worked = {
    worked: 'done',
    outcome: { outcome: 'applied', reason: 'RolledOut', summary: 'rolled out', changes: [] },
  }
  end(done)
  expect(await answered).toBe(done.outcome)
  expect(reported).toEqual([])
})

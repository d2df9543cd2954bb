import { describe, expect, it } from 'vitest'
import type { Acts, EndedWork, MayContinue, Work, Worked } from '../../src/acts/acts.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { reasons } from '../../src/api/reasons.ts'
import { MemoryDraft, type Update } from '../../src/record/draft.ts'
import { emptyMemory } from '../../src/record/memory.ts'
import type { Authentication } from '../../src/trigger/authenticate.ts'
import { guardedActs, keepingActs } from '../../src/trigger/guarded-acts.ts'
import { reporter, type FollowedDelivery } from '../../src/trigger/report.ts'
import type { TriggerContext } from '../../src/trigger/request.ts'
import { testEnvironment } from '../support/environment.ts'
import { noLedger, someContext, someHook } from './some-hook.ts'

const done: Worked = {
  worked: 'done',
  outcome: { outcome: 'applied', reason: 'RolledOut', summary: 'done', changes: [] },
}
const left: Worked = {
  worked: 'unfinished',
  outcome: { outcome: 'unavailable', reason: 'Unfinished', message: '2 of 5 workloads are done' },
  isUntouched: true,
}

/** Acts whose work begins at once. */
const plain: Acts = {
  once: async work =>
    (
      await work(
        { id: 'act', at: 0 },
        () => Promise.resolve(true),
        () => {},
      )
    ).outcome,
  settle: () => Promise.resolve(true),
}

const unasked = () => Promise.reject(new Error('this test asks for no hook'))

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
  const { clock, log } = testEnvironment()
  const reported: unknown[] = []
  const world = {
    isUnchanged: true,
    asked: 0,
    mayContinue: true,
    isAnswered: true,
    found: accepted(),
  }
  let [mayContinue, end]: [MayContinue, (worked: Worked) => void] = [() => Promise.resolve(false), () => {}]
  const answering: Acts = {
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
  const guarded = guardedActs({
    clock,
    log,
    authenticate: () => {
      world.asked += 1
      return Promise.resolve(world.found)
    },
    budget: { isSpent: () => false },
    report: ({ answer }) => {
      if (answer === 'no answer') throw new Error('nothing is reported without an answer')
      const { message, outcome, reason } = answer.body
      reported.push({ message, outcome, reason })
    },
    notifyLimited: () => {},
  })
  const acts = guarded(answering, context)
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
  ['the hook no longer takes the post (HookDeleted)', { accepted: false, status: 410, reason: 'HookDeleted' }],
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
  expect(reported).toEqual([{ message, outcome: 'failed', reason: 'Halted' }])
})

it.each([true, false])(
  'an act that was not halted is reported if no answer has said its outcome: answered %s',
  async is => {
    const { answered, end, reported, world } = begin()
    world.isAnswered = is
    end(left)
    await answered
    expect(reported).toEqual(is ? [] : [{ ...left.outcome, outcome: 'failed' }])
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
  expect(reported).toEqual([{ message, outcome: 'failed', reason: 'Halted' }])
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
  end(done)
  expect(await answered).toBe(done.outcome)
  expect(reported).toEqual([])
})

const limited = {
  outcome: 'unavailable',
  reason: 'WritesLimited',
  message: `${reasons.WritesLimited.means} 2 of 5 workloads are done`,
}
const setUp = () => {
  let isSpent = false
  const { clock, lines, log } = testEnvironment()
  const notified: string[] = []
  const guarded = guardedActs({
    clock,
    log,
    authenticate: unasked,
    budget: { isSpent: () => isSpent },
    report: () => {},
    notifyLimited: ({ uid }) => void notified.push(uid),
  })
  const actsOf = (uid: string): Acts => guarded(plain, { ...someContext(), hook: { ...someHook, uid } })
  /** Begins work that goes on until it is ended. */
  const begin = (uid = 'uid-1') => {
    let mayContinueNow: MayContinue = () => Promise.resolve(false)
    let end: (worked: Worked) => void = () => {}
    const work: Work = (_act, mayContinue) =>
      new Promise(resolve => {
        mayContinueNow = mayContinue
        end = resolve
      })
    const answered = actsOf(uid).once(work)
    return { answered, end: (worked: Worked) => end(worked), mayContinueNow: () => mayContinueNow() }
  }
  return { actsOf, begin, lines, notified, spend: (spent = true) => (isSpent = spent) }
}

it('while a budget is spent, the first act of a hook goes on, and the others end', async () => {
  const x = setUp()
  const [first, second, third] = [x.begin(), x.begin(), x.begin()]
  const other = x.begin('uid-2')
  const mayContinueNow = (): Promise<readonly boolean[]> =>
    Promise.all([first, second, third].map(act => act.mayContinueNow()))
  expect(await mayContinueNow()).toEqual([true, true, true])
  x.spend()
  expect(await mayContinueNow()).toEqual([true, false, false])
  expect(await other.mayContinueNow()).toBe(true)
  first.end(done)
  expect(await first.answered).toBe(done.outcome)
  expect((await mayContinueNow()).slice(1)).toEqual([false, false])
  for (const act of [second, third, other]) act.end(done)
  expect(await second.answered).toBe(done.outcome)
  await Promise.all([third.answered, other.answered])
  expect(x.lines).toEqual([])
})

it('an act that ends since the budget is spent says so, and how far it came', async () => {
  const x = setUp()
  const [first, second] = [x.begin(), x.begin()]
  x.spend()
  expect(await second.mayContinueNow()).toBe(false)
  second.end(left)
  expect(await second.answered).toEqual(limited)
  expect(x.lines).toHaveLength(1)
  expect(x.lines[0]).toContain('"message":"2 of 5 workloads are done"')
  expect(x.notified).toEqual(['uid-1'])
  // What the API server leaves undone is reported in its own words.
  first.end(left)
  expect(await first.answered).toBe(left.outcome)
})

it('an act that begins while the budget is spent writes nothing', async () => {
  const x = setUp()
  x.spend()
  const act = x.begin()
  expect(await act.mayContinueNow()).toBe(false)
  x.spend(false)
  expect(await act.mayContinueNow()).toBe(false)
  act.end(left)
  expect(await act.answered).toEqual(limited)
})

it('an act that throws at once is at work no more', async () => {
  const x = setUp()
  const broken: Work = () => {
    throw new Error('broken')
  }
  await expect(x.actsOf('uid-1').once(broken)).rejects.toThrow('broken')
  const next = x.begin()
  x.spend()
  expect(await next.mayContinueNow()).toBe(true)
  next.end(done)
  await next.answered
})

it('an act keeps the body of its post from its beginning to its end, however that comes', async () => {
  let kept = 0
  const keeping = keepingActs(plain, {
    keep: () => {
      kept += 1
      return () => void (kept -= 1)
    },
  })
  const seen: number[] = []
  await keeping.once(() => {
    seen.push(kept)
    return Promise.resolve(done)
  })
  await expect(keeping.once(() => Promise.reject(new Error('a fault')))).rejects.toThrow('a fault')
  expect([seen, kept]).toEqual([[1], 0])
})

/** Ends work whose post has had its answer, and returns what is reported of it. */
const endLate = async (outcome: Outcome, ended: Partial<EndedWork> = {}) => {
  const environment = testEnvironment()
  const { lines, metrics } = environment
  const draft = new MemoryDraft(emptyMemory)
  const later = (update: Update): void => update(draft)
  const followed: FollowedDelivery[] = []
  const report = reporter(
    environment,
    { of: () => ({ ...noLedger, later }) },
    { has: () => true },
    () => {},
    change => void followed.push(change),
  )
  const ending: Acts = {
    once: (_work, how) => {
      how?.ended?.({ outcome, isAnswered: false, wasDone: () => false, ...ended })
      return Promise.resolve({ outcome: 'unknown' })
    },
    settle: () => Promise.resolve(true),
  }
  const budget = { isSpent: () => false }
  const guarded = guardedActs({ ...environment, authenticate: unasked, budget, report, notifyLimited: () => {} })
  await guarded(ending, someContext()).once(() => Promise.reject(new Error('this test does no work')))
  const { counts, recent } = draft.fields
  return { counts, followed, lines, metrics: await metrics.text(), recent }
}

describe('work that ends after the answer', () => {
  it('is reported as failed if it is not done: in the record, the metric and the log', async () => {
    const message = '2 of 5 workloads are done'
    const { counts, followed, lines, metrics, recent } = await endLate({
      outcome: 'unavailable',
      reason: 'Unfinished',
      message,
    })
    expect(recent).toMatchObject([{ outcome: 'failed', reason: 'Unfinished', message, sender: 'plain' }])
    expect(counts).toEqual({ failed: 1 })
    expect(metrics).toMatch(/^receiverhooks_deliveries_total\{.*outcome="failed",reason="Unfinished".*\} 1$/m)
    // It is the outcome of no answer, so it has no duration of one.
    expect(metrics).not.toMatch(/^receiverhooks_delivery_duration_seconds_count\{.*outcome="failed"\}/m)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('"level":"warn"')
    expect(followed).toEqual([])
  })

  it('is reported as an answer would be if it is done, and its change is followed', async () => {
    const evidence = { did: ['a'], n: 1 }
    const { followed, recent } = await endLate({
      outcome: 'applied',
      reason: 'RolledOut',
      summary: 'rolled out',
      changes: [],
      evidence,
    })
    expect(recent).toMatchObject([{ outcome: 'applied', reason: 'RolledOut', summary: 'rolled out' }])
    expect(followed).toMatchObject([{ delivery: recent[0], change: evidence }])
  })

  it('is not listed if another process has done it, and lists it itself', async () => {
    const { counts, recent } = await endLate(
      { outcome: 'applied', reason: 'RolledOut', summary: 'rolled out', changes: [] },
      { wasDone: () => true },
    )
    expect([recent, counts]).toEqual([[], {}])
  })

  it('is not reported if a post was answered with it, or if it is decided again', async () => {
    const answered = await endLate({ outcome: 'changed' }, { isAnswered: true })
    expect([answered.recent, answered.lines]).toEqual([[], []])
  })
})

import { describe, expect, test } from 'vitest'
import type { Checked, Evaluated } from '../../../src/environment/environment.ts'
import { supervisedExpressions } from '../../../src/expressions/worker/supervised.ts'
import { fakeClock, settle } from '../../support/clock.ts'
import { delivery } from '../delivery.ts'
import { scriptedEvaluators } from './scripted-evaluator.ts'

const setUp = () => {
  const clock = fakeClock()
  const { start, started } = scriptedEvaluators()
  const expressions = supervisedExpressions(clock, start)
  /** What has been answered, by owner. */
  const answers: [string, Evaluated][] = []
  const ask = (owner: string, expression = `of ${owner}`, withinMs = 60_000, namespace = owner): void => {
    const asked = expressions.evaluate({ namespace, owner, expression, variables: delivery(), withinMs })
    void asked.then(judgement => answers.push([owner, judgement]))
  }
  const evaluator = (index: number) => {
    const found = started[index]
    if (!found) throw new Error(`only ${started.length} were started`)
    return found
  }
  return { answers, ask, clock, evaluator, expressions, started }
}

const counts = { counts: true }
const tooSlow = { ranOver: 'the expression took longer than 50 ms' }
const paused = (seconds: number): Evaluated => ({
  unavailable: `the expression exceeded its budget, and will not run again for ${seconds} s`,
})

test('there is no process until an expression is asked for, and none a minute after the last', async () => {
  const { answers, ask, clock, evaluator, started } = setUp()
  await clock.advance(3_600_000)
  expect(started).toHaveLength(0)

  ask('a')
  expect(evaluator(0).asked).toEqual([])
  evaluator(0).events.ready()
  expect(evaluator(0).asked).toEqual(['of a'])
  evaluator(0).answer()
  await clock.advance(59_999)
  expect([answers, evaluator(0).ended]).toEqual([[['a', counts]], false])
  await clock.advance(1)
  expect(evaluator(0).ended).toBe(true)

  ask('a')
  expect(started).toHaveLength(2)
})

test('while it is kept ready there is a process before the first expression, and no minute ends it', async () => {
  const { answers, ask, clock, evaluator, expressions, started } = setUp()
  expressions.keepReady(true)
  evaluator(0).events.ready()
  await clock.advance(3_600_000)
  ask('a')
  evaluator(0).answer()
  await clock.advance(0)
  expect([answers, started.length]).toEqual([[['a', counts]], 1])

  expressions.keepReady(false)
  await clock.advance(60_000)
  expect([evaluator(0).ended, started.length, clock.pending]).toEqual([true, 1, 0])
})

test('a process that is kept ready and is ended from outside is replaced, once a second at most', async () => {
  const { clock, evaluator, expressions, started } = setUp()
  expressions.keepReady(true)
  for (let second = 0; second < 3; second++) {
    evaluator(second).events.ready()
    evaluator(second).events.ended('was ended')
    await clock.advance(999)
    expect(started).toHaveLength(second + 1)
    await clock.advance(1)
    expect(started).toHaveLength(second + 2)
  }
})

test('a process that is used again lives on', async () => {
  const { ask, clock, evaluator, started } = setUp()
  ask('a')
  evaluator(0).events.ready()
  evaluator(0).answer()
  for (let minute = 0; minute < 5; minute++) {
    await clock.advance(59_000)
    ask('a')
    evaluator(0).answer()
  }
  expect([started.length, evaluator(0).ended]).toEqual([1, false])
})

test('one is evaluated at a time, and owners take turns: a flood of one delays another by one', async () => {
  const { ask, clock, evaluator } = setUp()
  for (let post = 0; post < 100; post++) ask('flood')
  evaluator(0).events.ready()
  ask('other')
  evaluator(0).answer()
  evaluator(0).answer()
  await clock.advance(0)
  expect(evaluator(0).asked.slice(0, 4)).toEqual(['of flood', 'of flood', 'of other'])
})

test('namespaces take turns before their owners do: a hundred owners of one delay one of another by one', async () => {
  const { ask, clock, evaluator } = setUp()
  const askIn = (namespace: string, owner: string): void => ask(owner, `of ${owner}`, 60_000, namespace)
  for (let hook = 0; hook < 100; hook++) askIn('greedy', `greedy-${hook}`)
  evaluator(0).events.ready()
  askIn('shop', 'web')
  askIn('shop', 'web')
  for (let round = 0; round < 4; round++) evaluator(0).answer()
  await clock.advance(0)
  expect(evaluator(0).asked).toEqual(['of greedy-0', 'of greedy-1', 'of web', 'of greedy-2', 'of web'])
})

test('of one owner a thousand wait, and the next hear that it is too much', async () => {
  const { answers, ask, clock } = setUp()
  for (let post = 0; post < 1001; post++) ask('flood')
  ask('other')
  await clock.advance(0)
  expect(answers).toEqual([['flood', { unavailable: 'too many deliveries are waiting for expressions' }]])
})

test('what used up its budget is ended with its process, and those behind it are evaluated by the next', async () => {
  const { answers, ask, clock, evaluator } = setUp()
  ask('hangs')
  evaluator(0).events.ready()
  ask('innocent')
  evaluator(0).used = 49
  await clock.advance(49)
  expect(evaluator(0).ended).toBe(false)
  evaluator(0).used = 50
  await clock.advance(1)
  expect([evaluator(0).ended, answers]).toEqual([true, [['hangs', tooSlow]]])

  evaluator(1).events.ready()
  expect(evaluator(1).asked).toEqual(['of innocent'])
  evaluator(1).answer()
  await clock.advance(0)
  expect(answers.slice(1)).toEqual([['innocent', counts]])
})

test('what waits for a processor is not slow: time alone ends nothing', async () => {
  const { answers, ask, clock, evaluator } = setUp()
  ask('starved')
  evaluator(0).events.ready()
  evaluator(0).used = 10
  await clock.advance(5_000)
  expect(evaluator(0).ended).toBe(false)
  evaluator(0).answer()
  await clock.advance(0)
  expect(answers).toEqual([['starved', counts]])
})

test('only what this run has used counts, not what the process used before', async () => {
  const { answers, ask, clock, evaluator } = setUp()
  ask('a')
  evaluator(0).used = 400
  evaluator(0).events.ready()
  evaluator(0).answer()
  evaluator(0).used = 420
  ask('a')
  evaluator(0).used = 460
  await clock.advance(55)
  expect(evaluator(0).ended).toBe(false)
  evaluator(0).answer()
  await clock.advance(0)
  expect(answers).toEqual([
    ['a', counts],
    ['a', counts],
  ])
})

test('where the system does not say what a process used, time has to do', async () => {
  const { answers, ask, clock, evaluator } = setUp()
  ask('hangs')
  evaluator(0).used = undefined
  evaluator(0).events.ready()
  await clock.advance(50)
  expect([evaluator(0).ended, answers]).toEqual([true, [['hangs', tooSlow]]])
})

test('a process that stands still is replaced in the end, and nobody is blamed', async () => {
  const { answers, ask, clock, evaluator, started } = setUp()
  ask('a')
  evaluator(0).events.ready()
  await clock.advance(10_050)
  expect([evaluator(0).ended, answers]).toEqual([
    true,
    [['a', { unavailable: 'the process that evaluates expressions was stopped' }]],
  ])
  ask('a')
  expect(started).toHaveLength(2)
})

/** Makes the last process that was started run over its budget. */
const runOver = async ({ clock, started }: ReturnType<typeof setUp>): Promise<void> => {
  const last = started.at(-1)
  if (!last) throw new Error('none was started')
  if (last.asked.length === 0) last.events.ready()
  last.used = (last.used ?? 0) + 50
  await clock.advance(50)
}

test('whose expression ran over is barred at once, for twice as long each time up to a minute', async () => {
  const world = setUp()
  const { answers, ask, clock, started } = world
  ask('hangs')
  ask('hangs')
  await runOver(world)
  expect(answers).toEqual([
    ['hangs', tooSlow],
    ['hangs', paused(1)],
  ])
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    await clock.advance(seconds * 1000 - 1)
    const before = started.length
    ask('hangs')
    expect(started).toHaveLength(before)
    await clock.advance(1)
    expect(answers.at(-1)).toEqual(['hangs', paused(1)])
    ask('hangs')
    await runOver(world)
    expect(answers.at(-1)).toEqual(['hangs', tooSlow])
  }
})

test('another expression of the same hook begins again', async () => {
  const world = setUp()
  const { answers, ask, clock, evaluator } = world
  ask('hook', 'hangs')
  await runOver(world)
  ask('hook', 'mended')
  evaluator(1).events.ready()
  evaluator(1).answer()
  await clock.advance(0)
  expect(answers).toEqual([
    ['hook', tooSlow],
    ['hook', counts],
  ])
})

test('once one ran over, those that are known to be quick share no process with the others', async () => {
  const world = setUp()
  const { answers, ask, clock, evaluator, started } = world
  ask('quick')
  ask('slow')
  evaluator(0).events.ready()
  evaluator(0).answer(counts, 10)
  evaluator(0).answer(counts, 11)
  ask('hangs')
  await runOver(world)
  expect(started).toHaveLength(1)

  for (const owner of ['new', 'slow', 'quick']) ask(owner)
  evaluator(1).events.ready()
  evaluator(2).events.ready()
  evaluator(1).answer()
  evaluator(1).answer()
  evaluator(2).answer()
  expect([evaluator(1).asked, evaluator(2).asked]).toEqual([['of new', 'of slow'], ['of quick']])

  await clock.advance(1_000)
  ask('hangs')
  ask('quick')
  evaluator(2).answer()
  await clock.advance(50)
  expect(evaluator(2).asked).toEqual(['of quick', 'of quick'])
  expect([evaluator(1).asked.at(-1), evaluator(1).ended, evaluator(2).ended]).toEqual(['of hangs', false, false])
  expect(answers.at(-1)).toEqual(['quick', counts])
})

test('one slow run is an accident, and three in a row are a habit', async () => {
  const world = setUp()
  const { ask, evaluator } = world
  ask('hangs')
  await runOver(world)
  const run = (on: number, usedMs: number): void => {
    ask('a')
    evaluator(on).answer(counts, usedMs)
  }
  ask('a')
  evaluator(1).events.ready()
  evaluator(1).answer(counts, 1)
  ask('a')
  evaluator(2).events.ready()
  evaluator(2).answer(counts, 11)
  for (const usedMs of [11, 1, 11, 11, 11]) run(2, usedMs)
  for (const usedMs of [11, 1]) run(1, usedMs)
  run(2, 1)
  expect([evaluator(1).asked.length, evaluator(2).asked.length]).toEqual([3, 7])
})

test('who ran over is quick again only after a minute without it', async () => {
  const world = setUp()
  const { ask, clock, evaluator, started } = world
  ask('once')
  await runOver(world)
  await clock.advance(1_000)
  ask('once')
  evaluator(1).events.ready()
  evaluator(1).answer()
  ask('once')
  evaluator(1).answer()
  expect(started).toHaveLength(2)

  await clock.advance(59_000)
  ask('once')
  evaluator(1).answer()
  ask('once')
  expect(started).toHaveLength(3)
})

test('what needs too much memory breaks its process alone, and is barred like what is too slow', async () => {
  const { answers, ask, clock, evaluator } = setUp()
  ask('large')
  ask('innocent')
  evaluator(0).events.ready()
  evaluator(0).events.ended('broke')
  evaluator(1).events.ready()
  evaluator(1).answer()
  ask('large')
  await clock.advance(0)
  expect(answers).toEqual([
    ['large', { ranOver: 'the expression needed more than 96 MiB of memory' }],
    ['innocent', counts],
    ['large', paused(1)],
  ])
  await clock.advance(60_000)
  expect(clock.pending).toBe(0)
})

test('a process that somebody else ended is replaced, and nobody is blamed', async () => {
  const { answers, ask, clock, evaluator } = setUp()
  ask('a')
  evaluator(0).events.ready()
  evaluator(0).events.ended('was ended')
  ask('a')
  evaluator(1).events.ready()
  evaluator(1).answer()
  evaluator(1).events.ended('was ended')
  ask('a')
  evaluator(2).events.ready()
  evaluator(2).answer()
  await clock.advance(0)
  expect(answers.map(([, judgement]) => judgement)).toEqual([
    { unavailable: 'the process that evaluates expressions was stopped' },
    counts,
    counts,
  ])
})

test('where no process can be started it is tried once a second, and who waits hears of it in time', async () => {
  const { answers, ask, clock, evaluator, started } = setUp()
  ask('a', 'x', 2_500)
  for (let second = 0; second < 3; second++) {
    evaluator(second).events.ended('broke')
    await clock.advance(999)
    expect(started).toHaveLength(second + 1)
    await clock.advance(1)
  }
  expect(answers).toEqual([['a', { unavailable: 'the expression was not evaluated in time' }]])
  expect(started).toHaveLength(3)
  ask('a')
  expect(started).toHaveLength(4)
})

test('a process that stands still before it is ready is replaced after a minute', async () => {
  const { answers, ask, clock, evaluator, started } = setUp()
  ask('a', 'of a', 5000)
  await clock.advance(59_999)
  expect([started.length, evaluator(0).ended]).toEqual([1, false])
  await clock.advance(1)
  expect(evaluator(0).ended).toBe(true)

  ask('b')
  await clock.advance(1000)
  evaluator(1).events.ready()
  evaluator(1).answer()
  await clock.advance(3_600_000)
  expect(answers).toEqual([
    ['a', { unavailable: 'the expression was not evaluated in time' }],
    ['b', counts],
  ])
  expect(started).toHaveLength(2)
})

test('who waits too long is answered, and not evaluated any more', async () => {
  const { answers, ask, clock, evaluator } = setUp()
  ask('starved')
  ask('waits', 'x', 1_000)
  evaluator(0).events.ready()
  await clock.advance(1_000)
  expect(answers).toEqual([['waits', { unavailable: 'the expression was not evaluated in time' }]])
  evaluator(0).answer()
  expect(evaluator(0).asked).toEqual(['of starved'])
})

test('after it was closed nothing runs, nothing starts and everybody is answered', async () => {
  const { answers, ask, clock, evaluator, expressions, started } = setUp()
  ask('runs')
  ask('waits')
  evaluator(0).events.ready()
  expressions.close()
  ask('late')
  evaluator(0).answer()
  await clock.advance(60_000)
  const lost = { unavailable: 'the process that evaluates expressions was stopped' }
  expect(answers).toEqual([
    ['runs', lost],
    ['waits', lost],
    ['late', lost],
  ])
  expect([started.length, evaluator(0).ended, clock.pending]).toEqual([1, true, 0])
})

describe('a check', () => {
  const setUpChecks = () => {
    const x = setUp()
    const checked: [string, Checked][] = []
    const check = (owner: string, expression: string, withinMs = 60_000): void => {
      void x.expressions.check({ owner, expression, withinMs }).then(found => checked.push([expression, found]))
    }
    return { ...x, check, checked }
  }

  test('has a process of its own, so that none holds up a delivery', async () => {
    const { answers, ask, check, checked, evaluator, started } = setUpChecks()
    check('shop', 'slow')
    evaluator(0).events.ready()
    ask('a')
    expect(started).toHaveLength(2)
    evaluator(1).events.ready()
    evaluator(1).answer()
    await settle()
    expect(answers).toEqual([['a', counts]])
    evaluator(0).answerCheck({ mistake: 'it ends too early' })
    await settle()
    expect(checked).toEqual([['slow', { mistake: 'it ends too early' }]])
  })

  test('that uses more than 200 ms of a processor is broken off, and the next one runs in another process', async () => {
    const { check, checked, clock, evaluator } = setUpChecks()
    check('shop', 'slow')
    check('shop', 'next')
    evaluator(0).events.ready()
    evaluator(0).used = 190
    await clock.advance(200)
    expect(evaluator(0).ended).toBe(false)
    evaluator(0).used = 200
    await clock.advance(10)
    expect(evaluator(0).ended).toBe(true)
    evaluator(1).events.ready()
    evaluator(1).answerCheck()
    await settle()
    expect(checked).toEqual([
      ['slow', { ranOver: 'the expression took longer than 200 ms' }],
      ['next', { sound: true }],
    ])
  })

  test('of one namespace waits for one of another at most, however many of those there are', async () => {
    const { check, evaluator } = setUpChecks()
    for (let text = 0; text < 5000; text++) check('greedy', `bad ${text}`)
    check('shop', 'good')
    evaluator(0).events.ready()
    evaluator(0).answerCheck()
    evaluator(0).answerCheck()
    expect(evaluator(0).asked).toEqual(['bad 0', 'good', 'bad 1'])
  })

  test("that is not made in time is nobody's fault", async () => {
    const { check, checked, clock, evaluator } = setUpChecks()
    check('shop', 'first')
    check('shop', 'second', 100)
    evaluator(0).events.ready()
    await clock.advance(100)
    expect(checked).toEqual([['second', { unavailable: 'the expression was not checked in time' }]])
    evaluator(0).answerCheck()
    expect(evaluator(0).asked).toEqual(['first'])
  })
})

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import type { Checked, Evaluation, Evaluated } from '../../../src/environment/environment.ts'
import type { Evaluator, StartEvaluator } from '../../../src/expressions/worker/message.ts'
import { forkEvaluator } from '../../../src/expressions/worker/process.ts'
import { firstBlockMs } from '../../../src/expressions/worker/limits.ts'
import { supervisedExpressions } from '../../../src/expressions/worker/supervised.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { delivery } from '../delivery.ts'

/** Processes are real here, and so is time: on a busy machine one takes a second to start. */
const timeouts = { timeout: 120_000 }
const withinMs = 30_000

/**
 * Of so many milliseconds of processor time one is counted, in tests that are not about the budget.
 * With other work a processor does less in a millisecond, and the first evaluation of a process
 * compiles much.
 */
const generous = 8

/** Expressions in real processes, which are counted, and ended with the test. */
const setUp = (counted = 1) => {
  const started: Evaluator[] = []
  const start: StartEvaluator = events => {
    const evaluator = forkEvaluator(events)
    const usedMs = (): number | undefined => {
      const used = evaluator.usedMs()
      return used === undefined ? undefined : used / counted
    }
    const counting: Evaluator = { send: question => evaluator.send(question), end: () => evaluator.end(), usedMs }
    started.push(counting)
    return counting
  }
  const expressions = supervisedExpressions(nodeClock, start)
  cleanUps.push(() => expressions.close())
  const ask = (owner: string, expression: string, body?: unknown, more: Partial<Evaluation> = {}): Promise<Evaluated> =>
    expressions.evaluate({ namespace: 'shop', owner, expression, variables: delivery(body), withinMs, ...more })
  /**
   * Returns the verdict on a quick expression. On a busy machine the first evaluation of a process,
   * which compiles much, can use up its budget. Then this asks again when the hook is no longer
   * paused, until there is a verdict.
   */
  const verdict = async (owner: string, expression: string, body?: unknown): Promise<Evaluated> => {
    for (;;) {
      const judgement = await ask(owner, expression, body)
      if (!('ranOver' in judgement)) return judgement
      await wait(nodeClock, firstBlockMs)
    }
  }
  const check = (expression: string): Promise<Checked> => expressions.check({ owner: 'shop', expression, withinMs })
  return { ask, check, started, verdict }
}

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** Takes hours. */
const hang = 'body.map(x, body.map(y, body.map(z, x == y))).size() == 0'
const numbers = Array.from({ length: 3000 }, (_, index) => index)

test('an expression is judged in a process, by the bytes of a large body too', timeouts, async () => {
  const { ask, started } = setUp(generous)
  expect(await ask('a', 'body.x == 1', { x: 1 })).toEqual({ counts: true })
  expect(await ask('a', 'size(body.x) == 1000000', { x: 'x'.repeat(1_000_000) })).toEqual({ counts: true })
  expect(await ask('a', 'body.x == 1', {})).toEqual({
    failed: 'there is no "x": test with has() first (line 1, column 5)',
  })
  expect(started).toHaveLength(1)
})

test('an expression is checked in a process', timeouts, async () => {
  const { check, started } = setUp(generous)
  expect(await check("body.ref == 'x'")).toEqual({ sound: true })
  expect(await check('bodi == 1')).toEqual({
    mistake:
      'there is no variable bodi: an expression has body, headers, query, sender (line 1, column 1); did you mean body?',
  })
  // What must not be parsed is not parsed, for any caller.
  expect(await check(`${'-['.repeat(500)}1`)).toEqual({
    mistake: 'brackets are nested more than 16 deep (line 1, column 34)',
  })
  expect(started).toHaveLength(1)
})

test('the process is given no variable of the environment and no argument', timeouts, async () => {
  const { pid } = await heldEvaluator()
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
  // Where coverage is kept, Node gives this one to every process by itself.
  const names = environment.map(line => line.split('=')[0]).filter(name => name !== 'NODE_V8_COVERAGE')
  expect(new Set(names)).toEqual(new Set(['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE']))
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toMatch(/child\.ts\0$/)
})

test('an expression that hangs makes only its own hook skip, and others are all judged', timeouts, async () => {
  const { ask, started } = setUp(generous)
  for (let post = 0; post < 20; post++) await ask('innocent', 'body.x == 1', { x: 1 })

  const hanging = Array.from({ length: 50 }, () => ask('hangs', hang, numbers))
  const judged: Evaluated[] = []
  for (let post = 0; post < 200; post++) judged.push(await ask('innocent', 'body.x == 1', { x: 1 }))
  expect(judged.filter(judgement => !('counts' in judgement))).toEqual([])

  const hung = await Promise.all(hanging)
  expect(hung[0]).toEqual({ ranOver: 'the expression took longer than 50 ms' })
  expect(hung.slice(1).filter(judgement => !('unavailable' in judgement))).toEqual([])
  // The first, the one that replaced it, and that of the proven.
  expect(started.length).toBeLessThanOrEqual(3)
})

test('what hangs while others wait behind it takes none of them with it', timeouts, async () => {
  const { ask, verdict } = setUp()
  const asked = [ask('hangs', hang, numbers)]
  for (let hook = 0; hook < 300; hook++) asked.push(verdict(`hook ${hook}`, `body.x == ${hook}`, { x: hook }))
  const [first, ...others] = await Promise.all(asked)
  expect(first).toHaveProperty('ranOver')
  expect(others.filter(judgement => !('counts' in judgement && judgement.counts))).toEqual([])
})

test.each([
  ['a loop in a loop over a large list', 'body.map(x, body.map(y, x == y)).size() == 0', numbers],
  ['a text of 30 MB taken apart', `size(${'body.x + '.repeat(30)}body.x) == 1`, { x: 'ab'.repeat(500_000) }],
  ['lists put together', `[${'body + '.repeat(50)}body].map(x, x.map(y, [y, y])).size() == 0`, numbers],
  ['a text put together again and again', `size(${'body.x + '.repeat(400)}body.x) == 1`, { x: 'ab'.repeat(500_000) }],
  ['a text split into letters', `size((${'body.x + '.repeat(20)}body.x).split('')) == 1`, { x: 'ab'.repeat(400_000) }],
  ['a million replacements', "body.x.replace('a', body.x).size() == 1", { x: 'a'.repeat(20_000) }],
])('%s ends its own process at most', timeouts, async (_what, expression, body) => {
  const { ask, verdict } = setUp()
  expect(await ask('hostile', expression, body)).toHaveProperty('ranOver')
  expect(await verdict('innocent', 'body.x == 1', { x: 1 })).toEqual({ counts: true })
})

test.each([
  ['an expression nested thousands deep', `${'!'.repeat(4000)}true`, {}],
  ['a list nested in the expression', `${'['.repeat(500)}1${']'.repeat(500)} == []`, {}],
  ['a regular expression that others hang on', "body.x.matches('^(a+)+$')", { x: `${'a'.repeat(2000)}!` }],
  ['a repetition of repetitions', "body.x.matches('((a{100}){100}){100}')", { x: 'a' }],
])('%s is judged or fails, and the process lives on', timeouts, async (_what, expression, body) => {
  const { ask, started } = setUp(generous)
  // The first run of a process compiles much, which is no part of what is asked here.
  expect(await ask('innocent', 'body.x == 1', { x: 1 })).toEqual({ counts: true })
  const judgement = await ask('hostile', expression, body)
  expect('counts' in judgement || 'failed' in judgement).toBe(true)
  expect(await ask('innocent', 'body.x == 1', { x: 1 })).toEqual({ counts: true })
  expect(started).toHaveLength(1)
})

test('a process does not outlive the one that started it', timeouts, async () => {
  const { end, pid } = await heldEvaluator()
  expect(isRunning(pid)).toBe(true)
  end()
  while (isRunning(pid)) await new Promise(resolve => nodeClock.after(20, () => resolve(undefined)))
})

/** Returns an evaluator that another process has started; `end` ends that one alone. */
const heldEvaluator = async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', holder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = Number(await firstLine(child.stdout))
  cleanUps.push(() => {
    child.kill('SIGKILL')
    if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  })
  return { end: () => child.kill('SIGKILL'), pid }
}

/** Starts an evaluator and prints its number: it is the latest child. */
const holder = `
  import { readFileSync } from 'node:fs'
  import { forkEvaluator } from '${new URL('../../../src/expressions/worker/process.ts', import.meta.url).href}'
  forkEvaluator({
    ready: () => {
      console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim().split(' ').at(-1))
    },
    answered: () => {},
    ended: () => {},
  })
  setInterval(() => {}, 1000)
`

const firstLine = async (output: NodeJS.ReadableStream | null): Promise<string> => {
  if (!output) throw new Error('its output is to be a pipe')
  for await (const line of createInterface({ input: output })) return line
  throw new Error('it printed nothing')
}

const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

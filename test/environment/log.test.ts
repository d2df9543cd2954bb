import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { at, parseJson } from '../../src/api/json.ts'
import { pinoLog, type LogLevel } from '../../src/environment/log.ts'
import { fakeClock } from '../support/clock.ts'

const token = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJzaG9wL3dlYi11cCJ9.${'s-_A'.repeat(20)}`

const logging = (level: LogLevel = 'debug') => {
  const lines: string[] = []
  const log = pinoLog({ level, clock: fakeClock(Date.UTC(2026, 4, 6, 7, 8, 9, 10)), write: line => lines.push(line) })
  return { log, lines, last: (): unknown => parseJson(lines.at(-1) ?? '') }
}

test('a line is one JSON object with the level, the time of the clock, the fields and the message', () => {
  const { log, lines } = logging()
  log.info({ hook: 'shop/web-up', seconds: 0.5 }, 'applied')
  expect(lines).toEqual([
    '{"level":"info","time":"2026-05-06T07:08:09.010000Z","hook":"shop/web-up","seconds":0.5,"msg":"applied"}\n',
  ])
})

test('what is below the level is not written', () => {
  const { log, lines } = logging('warn')
  log.debug({}, 'no')
  log.info({}, 'no')
  log.warn({}, 'yes')
  log.error({}, 'yes')
  expect(lines).toHaveLength(2)
})

test('an error is written with its message, stack and causes, under any field name', () => {
  const { log, last } = logging()
  log.error({ why: new Error('outer', { cause: new Error('inner') }) }, 'failed')
  expect(last()).toMatchObject({ why: { type: 'Error', message: 'outer: inner' } })
  expect(JSON.stringify(last())).toContain('log.test.ts')
})

const chain = new Error('outer', { cause: new Error(`inner ${token}`) })

test.each([
  ['the message', {}, `POST /v1/trigger/${token}`],
  ['a field', { url: `https://hooks.example.com/v1/trigger/${token}?dryRun=true` }, 'x'],
  ['a nested field', { a: { b: [{ c: { d: token } }] } }, 'x'],
  ['a field name', { [token]: 1 }, 'x'],
  ["an error's message and stack", { error: new Error(`no such hook: ${token}`) }, 'x'],
  ["an error's cause", { error: chain }, 'x'],
  ['JSON inside of a field', { body: JSON.stringify({ token }) }, 'x'],
  ['two of them in one field', { both: `${token} and ${token}` }, 'x'],
])('a token in %s is replaced', (_where, fields, message) => {
  const { log, lines } = logging()
  log.error(fields, message)
  expect(lines.join()).toContain('[token]')
  expect(lines.join()).not.toContain('eyJ')
  expect(lines.join()).not.toContain('s-_A')
  expect(() => parseJson(lines.join())).not.toThrow()
})

test('what only resembles a token stays as it is', () => {
  const { log, last } = logging()
  const fields = { host: 'hooks.example.com', version: '1.2.3', word: 'eyJ', half: 'eyJhbGciOiJFZERTQSJ9' }
  log.info(fields, 'x')
  expect(last()).toMatchObject(fields)
})

test.each([
  [
    'goes on',
    'await new Promise(resolve => setTimeout(resolve, 10)); console.log("after")',
    ['first', 'second', 'after'],
  ],
  ['exits at once', 'process.exit(3)', ['first', 'second']],
  ['dies of an error', 'throw new Error("broken")', ['first', 'second']],
])('all lines are on standard output, in their order, when the process %s', (_how, then, expected) => {
  const modules = join(import.meta.dirname, '../../src/environment')
  const program = `
    const { pinoLog } = await import(${JSON.stringify(join(modules, 'log.ts'))})
    const { standardOutput } = await import(${JSON.stringify(join(modules, 'standard-output.ts'))})
    const log = pinoLog({ level: 'info', clock: { now: () => 0 }, write: standardOutput(run => void process.on("exit", run)) })
    log.info({}, 'first')
    log.info({}, 'second')
    ${then}`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    encoding: 'utf8',
  })
  const said = stdout.trim().split('\n')
  expect(said.map(line => (line.startsWith('{') ? at(parseJson(line), 'msg') : line))).toEqual(expected)
})

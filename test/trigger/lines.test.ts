import { expect, it } from 'vitest'
import type { Answer } from '../../src/trigger/answer.ts'
import { quietLines } from '../../src/trigger/limits.ts'
import { reporter } from '../../src/trigger/report.ts'
import { testEnvironment } from '../support/environment.ts'
import { noLedger, someHook } from './some-hook.ts'

const unchanged: Answer = { outcome: 'unchanged', reason: 'AtBound', message: 'Deployment/web has 10 already' }

const setUp = () => {
  const environment = testEnvironment()
  const report = reporter(
    environment,
    { of: () => noLedger },
    { has: () => true },
    () => {},
    () => {},
  )
  const post = (count: number, { body = unchanged, name = 'web-up' } = {}): void => {
    for (let each = 0; each < count; each++) {
      report({ answer: { status: 200, headers: {}, body }, hook: { ...someHook, name } }, 1)
    }
  }
  /** Returns the log lines of a hook. */
  const linesOf = (name: string): readonly string[] =>
    environment.lines.filter(line => line.includes(`"hook":"${name}"`))
  return { clock: environment.clock, linesOf, metrics: environment.metrics, post }
}

const bodies: readonly Answer[] = [
  { outcome: 'unchanged', reason: 'AtBound', message: '' },
  { outcome: 'skipped', reason: 'Duplicate', message: '' },
  { outcome: 'failed', reason: 'TargetNotFound', message: '' },
  { outcome: 'rejected', reason: 'WouldPassBound', message: '' },
  { outcome: 'applied', reason: 'Stepped', message: '', dryRun: true },
]

it.each(bodies)('one URL writes the first lines of $outcome $reason, then few, and each is counted', async body => {
  const { linesOf, metrics, post } = setUp()
  post(5000, { body })
  expect(linesOf('web-up')).toHaveLength(quietLines.burst)
  expect(await metrics.text()).toMatch(/receiverhooks_deliveries_total\{.*\} 5000/)
})

it('the next line says how many were left out', async () => {
  const { clock, linesOf, post } = setUp()
  post(quietLines.burst + 400)
  await clock.advance(1000 / quietLines.perSecond)
  post(2)
  expect(linesOf('web-up').filter(line => line.includes('"omitted"'))).toEqual([
    expect.stringContaining('"omitted":400'),
  ])
})

it('lines of another hook, and of another reason, are written', () => {
  const { linesOf, post } = setUp()
  post(1000)
  post(1, { name: 'other' })
  post(1, { body: { outcome: 'skipped', reason: 'Suspended', message: '' } })
  expect(linesOf('other')).toHaveLength(1)
  expect(linesOf('web-up').at(-1)).toContain('Suspended')
})

it('each change has its line', () => {
  const { linesOf, post } = setUp()
  post(1000, { body: { outcome: 'applied', reason: 'Stepped', message: '' } })
  expect(linesOf('web-up')).toHaveLength(1000)
})

import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/api/delivery.ts'
import { timetableOf } from '../../src/api/opening.ts'
import { inlineExpressions } from '../support/inline-expressions.ts'
import { supervisedExpressions } from '../../src/expressions/worker/supervised.ts'
import { Zones } from '../../src/environment/zones.ts'
import { closed, filtered, outsideWindows, passedOver } from '../../src/trigger/gates.ts'
import type { LiveHook } from '../../src/trigger/hook.ts'
import { answerWithinMs } from '../../src/trigger/limits.ts'
import { scriptedEvaluators } from '../expressions/worker/scripted-evaluator.ts'
import { fakeClock } from '../support/clock.ts'
import { someHook } from './some-hook.ts'

const delivery = (phase: Delivery['phase']): Delivery => ({ sender: 'alertmanager', phase })

describe('a gate', () => {
  it.each<[string, Partial<LiveHook>, Delivery['phase'], string | undefined]>([
    ['lets a plain post through', {}, 'none', undefined],
    ['lets a firing alert through', {}, 'firing', undefined],
    ['skips a resolved alert', {}, 'resolved', 'Resolved'],
    ['lets a resolved alert through where the hook asks for it', { onResolved: 'run' }, 'resolved', undefined],
    [
      'skips a partly resolved group, regardless of what the hook asks for',
      { onResolved: 'run' },
      'partly resolved',
      'PartlyResolved',
    ],
    ['takes nothing back for an alert without a name', { onResolved: 'undo' }, 'resolved', 'NothingToUndo'],
    ['skips everything while suspended', { suspend: true }, 'firing', 'Suspended'],
    [
      'fails where an autoscaler owns the target',
      { problem: { reason: 'ManagedByAutoscaler', message: 'HorizontalPodAutoscaler/web' } },
      'firing',
      'ManagedByAutoscaler',
    ],
    [
      'fails where the expression is invalid, even while suspended',
      { suspend: true, problem: { reason: 'InvalidExpression', message: 'spec.when: …' } },
      'firing',
      'InvalidExpression',
    ],
    [
      'fails where the hook breaks a rule',
      { bound: { path: 'spec.scale.max', message: 'must be set' } },
      'firing',
      'InvalidHook',
    ],
  ])('%s', (_name, hook, phase, reason) => {
    const judged = { ...someHook, ...hook }
    const outcome = closed(judged) ?? passedOver(judged, delivery(phase))
    expect(outcome && 'reason' in outcome ? outcome.reason : undefined).toBe(reason)
  })
})

describe('the gate of `when`', () => {
  it('hides the header that auth compares as a secret, and no other', async () => {
    const auth: LiveHook['auth'] = { form: 'header', header: 'X-Own-Key', secret: 's', key: 'k' }
    const headers = { 'x-own-key': 'hunter2', 'x-kind': 'push', authorization: 'Bearer x' }
    const judge = async (expression: string, hook: Partial<LiveHook>) =>
      await filtered(
        expression,
        {
          deadline: 4000,
          hook: { ...someHook, ...hook },
          message: { isJson: false, body: new Uint8Array(), delivery: delivery('none') },
          request: { headers, query: new URLSearchParams() },
        },
        { clock: fakeClock(), expressions: inlineExpressions() },
      )
    const outcome = async (expression: string, hook: Partial<LiveHook> = { auth }) => {
      const found = await judge(expression, hook)
      return found && 'reason' in found ? found.reason : undefined
    }
    expect(await outcome("'x-own-key' in headers")).toBe('Filtered')
    expect(await outcome("headers['x-own-key'].startsWith('h')")).toBe('ExpressionFailed')
    expect(await outcome("headers['x-kind'] == 'push'")).toBeUndefined()
    expect(await outcome("headers['x-own-key'] == 'hunter2'", {})).toBeUndefined()
  })
})

describe('a process that starts slowly', () => {
  it('is waited for within the time of the post', async () => {
    const clock = fakeClock()
    const { start, started } = scriptedEvaluators()
    const outcome = filtered(
      'true',
      {
        deadline: answerWithinMs,
        hook: someHook,
        message: { isJson: false, body: new Uint8Array(), delivery: delivery('none') },
        request: { headers: {}, query: new URLSearchParams() },
      },
      { clock, expressions: supervisedExpressions(clock, start) },
    )
    await clock.advance(answerWithinMs - 600)
    started[0]?.events.ready()
    started[0]?.answer()
    expect(await outcome).toBeUndefined()
  })
})

describe('the gate of windows', () => {
  const windows = timetableOf({ zone: 'Europe/Berlin', open: [{ from: '08:00', to: '18:00' }] })
  const night = Date.parse('2026-11-28T20:00:00.500Z')
  const judge = (phase: Delivery['phase'], hook: Partial<LiveHook>, now: number, zones = new Zones()) =>
    outsideWindows(windows, { delivery: delivery(phase), hook: { ...someHook, ...hook } }, now, zones)

  it('skips a delivery at night, and says when posts count again', () => {
    expect(judge('firing', {}, night)).toEqual({
      outcome: 'skipped',
      reason: 'OutsideWindow',
      message: 'the hook is closed until Sun 2026-11-29 08:00 in Europe/Berlin',
      opensAt: '2026-11-29T07:00:00Z',
    })
  })

  it.each<[string, Delivery['phase'], LiveHook['onResolved'], boolean]>([
    ['skips a plain post', 'none', 'ignore', true],
    ['skips the end of an alert that would run', 'resolved', 'run', true],
    ['lets the end of an alert take back what it changed', 'resolved', 'undo', false],
    ['leaves the end of an alert that is ignored to the next gate', 'resolved', 'ignore', false],
  ])('%s', (_name, phase, onResolved, isSkipped) => {
    expect(judge(phase, { onResolved }, night) !== undefined).toBe(isSkipped)
  })

  it('lets a delivery through by day', () => {
    expect(judge('firing', {}, Date.parse('2026-11-28T12:00:00.500Z'))).toBeUndefined()
  })

  it('fails a delivery once the zone is gone from the database, and still takes back what an alert changed', () => {
    const gone = { offsetAt: () => undefined }
    const outcome = (phase: 'firing' | 'resolved') =>
      outsideWindows(windows, { delivery: delivery(phase), hook: { ...someHook, onResolved: 'undo' } }, night, gone)
    expect(outcome('firing')).toEqual({
      outcome: 'failed',
      reason: 'UnknownZone',
      message: "spec.windows.zone: there is no time zone Europe/Berlin in this version's time zone database",
    })
    expect(outcome('resolved')).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/api/delivery.ts'
import { closed, passedOver } from '../../src/trigger/gates.ts'
import type { LiveHook } from '../../src/trigger/hook.ts'
import { someHook } from './some-hook.ts'

const delivery = (phase: Delivery['phase']): Delivery => ({ sender: 'alertmanager', phase })

describe('a gate', () => {
  it.each<[string, Partial<LiveHook>, Delivery['phase'], string | undefined]>([
    ['lets a plain post through', {}, 'none', undefined],
    ['lets a firing alert through', {}, 'firing', undefined],
    ['skips a resolved alert', {}, 'resolved', 'Resolved'],
    ['lets a resolved alert through where the hook asks for it', { onResolved: 'run' }, 'resolved', undefined],
    [
      'skips a partly resolved group, whatever the hook asks for',
      { onResolved: 'run' },
      'partly resolved',
      'PartlyResolved',
    ],
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

import { expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { hookCounter } from '../../src/controller/hook-gauges.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { specDefaults } from '../support/hooks.ts'

const hook = (status: 'True' | 'False', reason: string): ReceiverHook => ({
  metadata: { name: 'web-up', namespace: 'shop', uid: 'u', resourceVersion: '1', generation: 1, creationTimestamp: '' },
  spec: {
    driver: 'scale',
    ...specDefaults,
  },
  status: {
    observedGeneration: 1,
    conditions: [{ type: 'Ready', status, reason, message: '', observedGeneration: 1, lastTransitionTime: '' }],
  },
})

it('counts hooks by what their condition Ready says, also once that has changed and the hook is gone', async () => {
  const metrics = promMetrics()
  const count = hookCounter(metrics)
  const lines = async (): Promise<readonly string[]> =>
    (await metrics.text()).split('\n').filter(line => line.startsWith('receiverhooks_hooks{'))
  const [missing, ready] = [hook('False', 'TargetNotFound'), hook('True', 'Ready')]
  count({ before: undefined, now: missing })
  count({ before: undefined, now: ready })
  expect(await lines()).toEqual([
    'receiverhooks_hooks{ready="False",reason="TargetNotFound"} 1',
    'receiverhooks_hooks{ready="True",reason="Ready"} 1',
  ])
  count({ before: missing, now: ready })
  count({ before: ready, now: undefined })
  expect(await lines()).toEqual([
    'receiverhooks_hooks{ready="False",reason="TargetNotFound"} 0',
    'receiverhooks_hooks{ready="True",reason="Ready"} 1',
  ])
})

it('counts a hook whose conditions are none as one of which nothing is known', async () => {
  const metrics = promMetrics()
  const count = hookCounter(metrics)
  for (const conditions of [{}, 'none', [null], [{ type: 'Ready', status: 7, reason: [] }]]) {
    const poisoned: ReceiverHook = { ...hook('True', 'Ready') }
    Object.assign(poisoned, { status: { conditions } })
    count({ before: undefined, now: poisoned })
  }
  expect(await metrics.text()).toContain('receiverhooks_hooks{ready="Unknown",reason="Pending"} 4')
})

it('counts a hook whose status is about an earlier spec as one of which nothing is known, unless it is being deleted', async () => {
  const metrics = promMetrics()
  const count = hookCounter(metrics)
  const checked = hook('True', 'Valid')
  const edited = { ...checked, metadata: { ...checked.metadata, generation: 2 } }
  count({ before: undefined, now: checked })
  count({ before: checked, now: edited })
  expect(await metrics.text()).toContain('receiverhooks_hooks{ready="Unknown",reason="Pending"} 1')
  // The API server counts the deletion as an edit, and no controller looks at such a hook any more.
  count({
    before: edited,
    now: { ...edited, metadata: { ...edited.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
  })
  expect(await metrics.text()).toContain('receiverhooks_hooks{ready="Unknown",reason="Pending"} 0')
})

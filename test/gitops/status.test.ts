import { expect, it } from 'vitest'
import { healthOf } from './health.ts'
import { kstatusOf, type Kstatus } from './kstatus.ts'

const condition = (type: string, status: string) => ({ type, status, reason: 'SomeReason', message: `${type} it is` })

interface Row {
  readonly what: string
  readonly object: object
  readonly kstatus: Kstatus
  readonly health: string
}

const hook = (generation: number, status?: object, metadata?: object) => ({
  metadata: { generation, ...metadata },
  ...(status && { status }),
})

const rows: readonly Row[] = [
  {
    what: 'no controller has looked at: the default of the CRD',
    object: hook(1, { observedGeneration: -1 }),
    kstatus: 'InProgress',
    health: 'Progressing',
  },
  {
    what: 'is in order',
    object: hook(1, { observedGeneration: 1, conditions: [condition('Ready', 'True')] }),
    kstatus: 'Current',
    health: 'Healthy',
  },
  {
    what: 'was edited since the controller looked',
    object: hook(2, { observedGeneration: 1, conditions: [condition('Ready', 'True')] }),
    kstatus: 'InProgress',
    health: 'Progressing',
  },
  {
    what: 'was broken, and edited since the controller looked',
    object: hook(2, { observedGeneration: 1, conditions: [condition('Ready', 'False'), condition('Stalled', 'True')] }),
    kstatus: 'InProgress',
    health: 'Progressing',
  },
  {
    what: 'may come right by itself',
    object: hook(1, {
      observedGeneration: 1,
      conditions: [condition('Ready', 'False'), condition('Reconciling', 'True')],
    }),
    kstatus: 'InProgress',
    health: 'Progressing',
  },
  {
    what: 'needs a person',
    object: hook(1, { observedGeneration: 1, conditions: [condition('Ready', 'False'), condition('Stalled', 'True')] }),
    kstatus: 'Failed',
    health: 'Degraded',
  },
  {
    what: 'is not ready, and nobody says why',
    object: hook(1, { observedGeneration: 1, conditions: [condition('Ready', 'Unknown')] }),
    kstatus: 'InProgress',
    health: 'Progressing',
  },
  {
    // Of a deletion Argo CD says Progressing itself, before it asks the health check.
    what: 'is being deleted',
    object: hook(
      1,
      { observedGeneration: 1, conditions: [condition('Ready', 'True')] },
      { deletionTimestamp: '2026-01-01T10:00:00Z' },
    ),
    kstatus: 'Terminating',
    health: 'Healthy',
  },
]

it.each(rows)('a hook that $what is $kstatus and $health', async ({ health, kstatus, object }) => {
  expect(kstatusOf(object)).toBe(kstatus)
  expect((await healthOf(object)).status).toBe(health)
})

it('the health check says what is wrong', async () => {
  const conditions = [condition('Ready', 'False'), condition('Stalled', 'True')]
  expect((await healthOf(hook(1, { observedGeneration: 1, conditions }))).message).toBe('Stalled it is')
  expect((await healthOf(hook(1))).message).toContain('Waiting')
})

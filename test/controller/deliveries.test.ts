import { describe, expect, it } from 'vitest'
import { mergePatch } from '../../apiserver/patch.ts'
import { conditionsFor } from '../../src/api/conditions.ts'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { isObject, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { RecentDelivery } from '../../src/api/record.ts'
import { resultOf } from '../../src/api/status.ts'
import {
  deliveryReportOf,
  eventsOf,
  isNew,
  writeReport,
  Emitted,
  type DeliveryReport,
} from '../../src/controller/deliveries.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'

const textOf = (delivery: Partial<Parameters<typeof resultOf>[0]>) =>
  resultOf({ outcome: 'applied', reason: 'Stepped', ...delivery })

describe('the outcome of a delivery, in one cell of a table', () => {
  it.each([
    ['applied 2 -> 3', { from: 2, to: 3 }],
    ['applied 3 -> 0', { reason: 'Undone', from: 3, to: 0 }],
    ['unchanged at 10', { outcome: 'unchanged', reason: 'AtBound', from: 10, to: 10 }],
    ['applied RolledOut', { reason: 'RolledOut' }],
    ['skipped Duplicate', { outcome: 'skipped', reason: 'Duplicate' }],
    ['rejected WouldPassBound', { outcome: 'rejected', reason: 'WouldPassBound', from: 9 }],
    ['failed TargetNotFound', { outcome: 'failed', reason: 'TargetNotFound' }],
  ] as const)('is "%s"', (text, delivery) => {
    expect(textOf(delivery)).toBe(text)
  })
})

const hook: ReceiverHook = {
  apiVersion,
  kind: hookKind,
  metadata: {
    name: 'web-up',
    namespace: 'shop',
    uid: 'uid',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-03-14T15:00:00Z',
  },
  spec: {
    driver: 'scale',
    suspend: false,
    onResolved: 'ignore',
    cooldown: '1m',
    dedupeWindow: '5m',
    token: { rotation: 0, overlap: '1h' },
  },
}

describe('the Event of a rollout that stalls', () => {
  const delivery = { time: '2026-03-14T15:09:26Z', sender: 'plain', outcome: 'applied', reason: 'RolledOut' } as const
  const stalled = { ...delivery, state: 'stalled', stateMessage: 'the rollout of web does not go on' } as const
  type Delivery = NonNullable<NonNullable<ReceiverHook['status']>['recent']>[number]
  const notesOf = (before: readonly Delivery[], now: readonly Delivery[]): readonly string[] => {
    const [lastDelivery] = before
    const known: ReceiverHook = {
      ...hook,
      status: { observedGeneration: 1, recent: [...before], ...(lastDelivery && { lastDelivery }) },
    }
    const [first = delivery] = now
    const reported = { lastDelivery: first, recent: [...now], counts: {} }
    const report = { hookUid: 'uid', reported, newestAt: 0 }
    return eventsOf(known, report, new Emitted(0)).map(({ note, reason, type }) => `${type} ${reason} ${note}`)
  }
  const later = { ...delivery, time: '2026-03-14T15:10:00Z' }

  it('says what does not go on, once, also when a later delivery came first', () => {
    const note =
      'Warning RolloutStalled the rollout of web does not go on (sent by plain). Look at the pods: `kubectl describe pod`. `kubectl rollout undo` brings back the previous version. `kubectl delete job/NAME` ends a Job that cannot start.'
    expect(notesOf([delivery], [stalled])).toEqual([note])
    expect(notesOf([stalled], [stalled])).toEqual([])
    expect(notesOf([delivery], [later, stalled])).toEqual([note])
    expect(notesOf([stalled], [later, stalled])).toEqual([])
  })

  it('says it of each that stalls, also of two at once', () => {
    const other = { ...stalled, time: later.time, stateMessage: 'the rollout of api does not go on' }
    expect(notesOf([later, delivery], [other, stalled]).map(note => note.slice(0, 50))).toEqual([
      'Warning RolloutStalled the rollout of api does not',
      'Warning RolloutStalled the rollout of web does not',
    ])
  })

  it('is none while it goes on, and when it is complete', () => {
    expect(notesOf([delivery], [delivery])).toEqual([])
    expect(notesOf([stalled], [{ ...delivery, state: 'complete' }])).toEqual([])
  })
})

describe('the Event of a confirmation', () => {
  const link = 'https://a.eventgrid.azure.net/'
  it.each([
    ['/a', `open ${link} to let /a post to this hook`],
    ['', `open ${link} to let the sender post to this hook`],
  ])('begins with the link, and names %j', (subject, note) => {
    const report = { hookUid: 'uid', reported: undefined, newestAt: 5000, confirmation: { at: 5000, subject, link } }
    const [event] = eventsOf(hook, report, new Emitted(0))
    expect(event).toMatchObject({ reason: 'SubscriptionToConfirm', note })
  })
})

describe('the Event of a delivery', () => {
  const noteOf = (delivery: Pick<RecentDelivery, 'outcome' | 'reason' | 'message'>): string | undefined => {
    const reported = {
      lastDelivery: { time: '2026-03-14T15:09:26Z', sender: 'image', ...delivery },
      recent: [],
      counts: {},
    }
    return eventsOf(hook, { hookUid: 'uid', reported, newestAt: 0 }, new Emitted(0))[0]?.note
  }

  it.each([
    [
      'the outcome, where there is nothing to do',
      { outcome: 'applied', reason: 'Stepped', message: 'Deployment/web went from 2 to 3' },
      'Deployment/web went from 2 to 3 (sent by image)',
    ],
    [
      'what to do if that is not what was meant',
      { outcome: 'skipped', reason: 'CoolingDown', message: 'the hook ran 5 s ago' },
      'the hook ran 5 s ago (sent by image). If steps should follow sooner, set a shorter `cooldown`.',
    ],
    [
      'why it did nothing',
      { outcome: 'skipped', reason: 'PartlyResolved', message: 'some alerts have ended and no new one is firing' },
      'some alerts have ended and no new one is firing (sent by image). There is no step while other alerts of the group are still firing.',
    ],
  ] as const)('says %s', (_, delivery, note) => {
    expect(noteOf(delivery)).toBe(note)
  })
})

describe('the status after a report', () => {
  const at = Date.UTC(2026, 2, 14, 15)
  const said = { type: 'LeaseOverdue', status: 'True', reason: 'LeaseOverdue' } as const
  const shown = { ...said, message: 'a lease should have ended at 2026-03-14T15:00:00Z: a policy is against it' }
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Valid',
    message: '',
    lastTransitionTime: '2026-03-14T14:00:00Z',
  } as const
  const delivery = { time: '2026-03-14T14:09:26Z', sender: 'plain', outcome: 'applied', reason: 'Stepped' } as const
  const reported = { lastDelivery: delivery, recent: [delivery], counts: {} }
  const report = { hookUid: 'uid', reported, newestAt: at, confirmation: undefined }
  const late = { ...report, overdue: { at, why: 'a policy is against it' } }

  /** Returns the status after a report, or that there is nothing to write. */
  const after = async (hook: ReceiverHook, now: DeliveryReport & typeof report): Promise<unknown> => {
    if (!isNew(hook, now)) return 'nothing new'
    const api: Pick<ApiConnection, 'request'> = {
      request: ({ body = '' }) => {
        const sent = tryParseJson(body)
        const stored = mergePatch(hook, isObject(sent) ? sent : {})
        return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(stored) })
      },
    }
    const stored = await writeReport({ ...api, watch: noWatch }, hook, now, now.reported)
    return stored['status']
  }
  const noWatch = (): never => {
    throw new Error('nothing is watched')
  }
  const withConditions = (conditions: NonNullable<ReceiverHook['status']>['conditions']): ReceiverHook => ({
    ...hook,
    status: { observedGeneration: 1, ...reported, ...(conditions && { conditions }) },
  })

  it('has the condition LeaseOverdue as long as a lease could not end, next to what a reconcile says', async () => {
    const overdue = { ...shown, observedGeneration: 1, lastTransitionTime: '2026-03-14T15:00:00Z' }
    expect(await after(withConditions([ready]), late)).toHaveProperty('conditions', [ready, overdue])
    expect(await after(withConditions([ready, overdue]), late)).toBe('nothing new')
    expect(await after(withConditions([ready, overdue]), report)).toHaveProperty('conditions', [ready])
    expect(await after(withConditions([ready]), report)).toBe('nothing new')
    const kept = conditionsFor(undefined, { reason: 'Valid', message: '' }, [ready, overdue], 2, at)
    expect(kept.map(({ type }) => type)).toEqual(['Ready', 'LeaseOverdue'])
  })

  it('keeps nothing of the delivery before the last', async () => {
    const proved = { by: { issuer: 'https://issuer.example.com', repository: 'acme/web', run: '7-1' } }
    const before = { ...delivery, ...proved, from: 1, to: 2, state: 'complete', message: 'went from 1 to 2' } as const
    const last = { ...delivery, by: { secret: 'ci/token' } }
    const leases = { open: 1, sum: 1, next: '2026-03-14T16:00:00Z', shown: [] }
    const status = { lastDelivery: before, recent: [before], counts: {}, leases, limits: [] }
    const now = { ...report, reported: { lastDelivery: last, recent: [last], counts: { applied: 2 } } }
    expect(await after({ ...hook, status }, now)).toEqual(now.reported)
  })
})

it.each([
  ['of the record of a hook', 'web-up', 'h'],
  ['of a page, which may be one of many', 'page-5c103e58', undefined],
])('nothing is remembered of content that cannot be read, but that it is there: %s', (_what, name, hookUid) => {
  const owner = { apiVersion: 'v1', kind: 'ReceiverHook', name: 'web-up', uid: 'h' }
  const metadata = { name, uid: 'r', resourceVersion: '1', ownerReferences: [owner] }
  expect(deliveryReportOf({ metadata, content: JSON.stringify({ format: 99 }) })?.hookUid).toBe(hookUid)
})

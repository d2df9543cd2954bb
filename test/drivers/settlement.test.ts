import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/api/hash.ts'
import type { StoredObject } from '../../src/api/object.ts'
import type { DecidedChange, Settlement } from '../../src/api/settlement.ts'
import { evidenceOf, markOfPush, markOfRestart } from '../../src/drivers/rollouts/evidence.ts'
import { workloadKind, type Workloads } from '../../src/drivers/rollouts/kinds.ts'
import { neededOf } from '../../src/drivers/rollouts/plan.ts'
import type { WorkloadKind } from '../../src/drivers/rollouts/schema.ts'
import { lookedAt, settlementOf } from '../../src/drivers/rollouts/settlement.ts'

const kind = (name: WorkloadKind): Workloads => {
  const found = workloadKind(name)
  if (!found) throw new Error(name)
  return found
}

const [own, other, third] = [keyOf('push 1'), keyOf('push 2'), keyOf('push 3')]
const now = 1_000_000_000
const decidedAt = now - 60_000
const digest = `sha256:${'a'.repeat(64)}`

interface Is {
  readonly kind?: WorkloadKind
  readonly name?: string
  readonly image?: string
  readonly notes?: Readonly<Record<string, string>>
  readonly podNotes?: Readonly<Record<string, string>>
  readonly spec?: object
  readonly status?: object
  readonly generation?: number
}

const progressing = (reason: string, ...more: object[]) => ({
  conditions: [{ type: 'Progressing', status: 'True', reason }, ...more],
})
const complete = {
  observedGeneration: 2,
  replicas: 3,
  updatedReplicas: 3,
  availableReplicas: 3,
  ...progressing('NewReplicaSetAvailable'),
}

const mine = `${decidedAt} ${own}`

const workload = ({
  generation = 2,
  image = 'acme/web:2',
  name = 'web',
  notes = { web: mine },
  podNotes = {},
  spec = {},
  status = complete,
}: Is): StoredObject => {
  const prefixed = (each: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(each).map(([part, value]) => [`pushed.receiverhooks.dev/${part}`, value]))
  return {
    metadata: { name, uid: name, resourceVersion: '7', generation, annotations: prefixed(notes) },
    spec: {
      replicas: 3,
      ...spec,
      template: { metadata: { annotations: prefixed(podNotes) }, spec: { containers: [{ name: 'web', image }] } },
    },
    status,
  }
}

/** Returns what is found by a whole object, and the same by what is kept of one in a list. */
const settle = (change: Partial<DecidedChange>, ...objects: readonly Is[]): Settlement => {
  const asked = { at: decidedAt, did: [markOfPush(own, '2')], n: 1, ...change }
  const [whole, kept] = [(object: StoredObject) => object, neededOf].map(take =>
    settlementOf(
      asked,
      objects.map(is => lookedAt(take(workload(is), kind(is.kind ?? 'Deployment')), kind(is.kind ?? 'Deployment'))),
      now,
    ),
  )
  expect(kept).toEqual(whole)
  if (!whole) throw new Error('nothing was found')
  return whole
}

const changes: readonly (readonly [what: string, is: Is, state: Settlement['state'], more?: Partial<DecidedChange>])[] =
  [
    ['its id stands first, and its tag runs', {}, 'complete'],
    ['an admission policy has added a digest', { image: `acme/web:2@${digest}` }, 'complete'],
    [
      'the hook has written the digest',
      { image: `acme/web:2@${digest}` },
      'complete',
      { did: [markOfPush(own, '2', digest)] },
    ],
    [
      'the digest that the hook has written is gone',
      { image: 'acme/web:2' },
      'replaced',
      { did: [markOfPush(own, '2', digest)] },
    ],
    ['somebody has set another image', { image: 'acme/web:3' }, 'replaced'],
    ['somebody has set an image without a tag', { image: `acme/web@${digest}` }, 'replaced'],
    [
      'a later push has taken its place',
      { notes: { web: `${now} ${other} ${own}` }, image: 'acme/web:3' },
      'superseded',
    ],
    ['a third push runs the same tag', { notes: { web: `${now} ${third} ${other} ${own}` } }, 'superseded'],
    ['so many later pushes came that its id is gone', { notes: { web: `${now} ${other} ${third}` } }, 'superseded'],
    [
      'a rollback has restored the annotation',
      { notes: { web: `${decidedAt - 9} ${other}` }, image: 'acme/web:1' },
      'replaced',
    ],
    ['a rollback has removed the annotation', { notes: {}, image: 'acme/web:1' }, 'replaced'],
    ['the container is gone', { notes: { api: mine } }, 'replaced'],
    [
      'it is a restart',
      { notes: { 'restarted.at': mine }, podNotes: { 'restarted.at': own } },
      'complete',
      { did: [markOfRestart(own)] },
    ],
    [
      'the pods of its restart are rolled back',
      { notes: { 'restarted.at': mine } },
      'replaced',
      { did: [markOfRestart(own)] },
    ],
    [
      'another restart came later',
      { notes: { 'restarted.at': `${now} ${other} ${own}` }, podNotes: { 'restarted.at': other } },
      'superseded',
      { did: [markOfRestart(own)] },
    ],
  ]

describe('a rollout that pods keep', () => {
  const deadline = 600_000
  const settleWith = (is: Is, unreadySince: number | undefined, at: number): Settlement => {
    const workloads = kind(is.kind ?? 'Deployment')
    const pods = { causes: ['web: ImagePullBackOff (1 of 3)'], unreadySince }
    const seen = lookedAt(workload(is), workloads, pods)
    return settlementOf({ at, did: [markOfPush(own, '2')], n: 1 }, [seen], now)
  }
  const status = { ...complete, updatedReplicas: 1, availableReplicas: 2, ...progressing('ReplicaSetUpdated') }

  it('says why, while it goes on and when it has stalled', () => {
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }
    const failing = { ...status, ...progressing('ReplicaSetUpdated', failure) }
    expect(settleWith({ status: failing }, now, decidedAt)).toMatchObject({
      state: 'progressing',
      causes: ['FailedCreate', 'web: ImagePullBackOff (1 of 3)'],
      message: expect.stringContaining('(FailedCreate, web: ImagePullBackOff (1 of 3))') as unknown,
    })
    const stalled = { ...status, ...progressing('ProgressDeadlineExceeded') }
    expect(settleWith({ status: stalled }, now, now - deadline)).toMatchObject({
      state: 'stalled',
      causes: ['web: ImagePullBackOff (1 of 3)'],
    })
  })

  it.each(['StatefulSet', 'DaemonSet'] as const)(
    'of a %s has stalled once a pod is as long not ready as a deadline, and so long after the push',
    name => {
      const counts = { desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 2 }
      const is = { kind: name, status: { ...status, ...counts } }
      const old = now - deadline
      expect(settleWith(is, old, old).state).toBe('stalled')
      expect(settleWith(is, old, old + 1).state).toBe('progressing')
      expect(settleWith(is, old + 1, old).state).toBe('progressing')
      expect(settleWith(is, undefined, old).state).toBe('progressing')
    },
  )
})

describe('which change it is', () => {
  it.each(changes.map(([what, is, state, more = {}]) => ({ what, is, state, more })))(
    '$what',
    ({ is, more, state }) => {
      expect(settle(more, is).state).toBe(state)
    },
  )

  it('one of two workloads is gone: it is replaced', () => {
    expect(settle({ n: 2 }, {})).toMatchObject({ state: 'replaced', ready: 3, of: 3 })
    expect(settle({ n: 2 })).toMatchObject({ state: 'replaced' })
    expect(settle({ n: 2 })).not.toHaveProperty('ready')
  })

  it('other workloads of the hook do not matter', () => {
    expect(settle({}, {}, { name: 'bystander', notes: { web: `${decidedAt - 5} ${other}` } }).state).toBe('complete')
    expect(settle({}, {}, { name: 'bystander', notes: { web: `${now} ${other}` } }).state).toBe('complete')
  })

  it('the worst of several counts, and their pods are added up', () => {
    const running = { name: 'api', status: { ...complete, availableReplicas: 2, ...progressing('ReplicaSetUpdated') } }
    expect(settle({ n: 2 }, {}, running)).toMatchObject({ state: 'progressing', ready: 5, of: 6 })
    expect(settle({ n: 2 }, { spec: { paused: true } }, running)).toMatchObject({ state: 'stalled' })
    expect(settle({ n: 2 }, { image: 'acme/web:9' }, running)).toMatchObject({ state: 'progressing' })
    expect(settle({ n: 2 }, { image: 'acme/web:9' }, { name: 'api' })).toMatchObject({ state: 'replaced' })
  })
})

const exceeded = progressing('ProgressDeadlineExceeded', {
  type: 'ReplicaFailure',
  status: 'True',
  reason: 'FailedCreate',
})
const stuck = { ...complete, updatedReplicas: 1, ...exceeded }

const rollouts: readonly (readonly [what: string, is: Is, found: Partial<Settlement>, message?: RegExp])[] = [
  [
    'all new pods are available',
    {},
    { state: 'complete', ready: 3, of: 3 },
    /^Deployment\/web: 3 of 3 new pods are available$/,
  ],
  [
    'none is wanted',
    { spec: { replicas: 0 }, status: { ...complete, replicas: 0, updatedReplicas: 0, availableReplicas: 0 } },
    { state: 'complete', of: 0 },
    /wants no pods, so nothing ran/,
  ],
  ['the controller has not seen it', { generation: 3 }, { state: 'progressing', ready: 0 }],
  [
    'it is recreated, with the condition of the rollout before',
    { status: { ...complete, replicas: 0, updatedReplicas: 0, availableReplicas: 0 } },
    { state: 'progressing', ready: 0 },
  ],
  [
    'old pods are available still',
    { status: { ...complete, replicas: 4, updatedReplicas: 2, ...progressing('ReplicaSetUpdated') } },
    { state: 'progressing', ready: 1, of: 3 },
  ],
  [
    'its deadline has passed',
    { status: stuck, spec: { progressDeadlineSeconds: 30 } },
    { state: 'stalled' },
    /is stuck: 1 of 3 new pods are available after 30 s \(progressDeadlineSeconds\) \(FailedCreate\)$/,
  ],
  // With Recreate the first status of a rollout has the condition of the one before.
  [
    'it says so before the deadline of this rollout',
    { status: stuck, spec: { progressDeadlineSeconds: 61 } },
    { state: 'progressing' },
    /\(FailedCreate\)$/,
  ],
  ['the deadline is the default', { status: stuck }, { state: 'progressing' }],
  [
    'the deadline of an older version has passed',
    { status: stuck, spec: { progressDeadlineSeconds: 30 }, generation: 3 },
    { state: 'progressing' },
  ],
  ['it is paused', { spec: { paused: true } }, { state: 'stalled' }, /is paused: resume it/],
  [
    'pods start by hand',
    { kind: 'StatefulSet', spec: { updateStrategy: { type: 'OnDelete' } } },
    { state: 'stored' },
    /: they follow when someone deletes the old ones$/,
  ],
  [
    'a CronJob runs nothing yet',
    {
      kind: 'CronJob',
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'web', image: 'acme/web:2' }] } } } } },
    },
    { state: 'stored' },
    /: its next Job runs the change$/,
  ],
  [
    'a partition keeps every pod',
    { kind: 'StatefulSet', spec: { updateStrategy: { rollingUpdate: { partition: 3 } } } },
    { state: 'stored' },
    /: they follow when someone lowers its partition, which keeps every pod$/,
  ],
  [
    'a StatefulSet has replaced two of three',
    { kind: 'StatefulSet', status: { ...complete, updatedReplicas: 2 } },
    { state: 'progressing', ready: 2 },
  ],
  [
    'a DaemonSet waits for a node',
    {
      kind: 'DaemonSet',
      status: { observedGeneration: 2, desiredNumberScheduled: 5, updatedNumberScheduled: 5, numberAvailable: 4 },
    },
    { state: 'progressing', ready: 4, of: 5 },
  ],
]

describe('how far its rollout is', () => {
  it.each(rollouts.map(([what, is, found, message = /./]) => ({ what, is, found, message })))(
    '$what',
    ({ found, is, message }) => {
      const settlement = settle({}, is)
      expect(settlement).toMatchObject(found)
      expect(settlement.message).toMatch(message)
    },
  )
})

describe('what is remembered', () => {
  it('is nothing where nothing was left, or too much', () => {
    const marks = (count: number) => new Set(Array.from({ length: count }, (_, index) => markOfRestart(String(index))))
    expect(evidenceOf([])).toBeUndefined()
    expect(evidenceOf([new Set()])).toBeUndefined()
    expect(evidenceOf([marks(8), marks(2), new Set()])).toEqual({ did: [...marks(8)], n: 2 })
    expect(evidenceOf([marks(9)])).toBeUndefined()
  })

  it('takes 48 bytes of a row for one push, and no more than 288', () => {
    const added = (count: number): number => {
      const marks = Array.from({ length: count }, (_, index) => markOfPush(keyOf(String(index)), `v${index}`))
      const row = { state: 'acted', key: 'k', at: 1, summary: '' }
      return JSON.stringify({ ...row, ...evidenceOf([new Set(marks)]) }).length - JSON.stringify(row).length
    }
    expect(added(1)).toBe(48)
    expect(added(8)).toBeLessThanOrEqual(288)
  })
})

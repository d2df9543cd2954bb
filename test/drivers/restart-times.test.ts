import { describe, expect, it } from 'vitest'
import { isObject } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { workloadKind } from '../../src/drivers/rollouts/kinds.ts'
import { planRestart, restartCause } from '../../src/drivers/rollouts/plan.ts'

const workloads = (() => {
  const kind = workloadKind('Deployment')
  if (!kind) throw new Error('the kind is known')
  return kind
})()
const now = Date.UTC(2026, 0, 1)
const minute = 60_000

/** Returns what is left of a restart of a workload that another process has restarted at `at` by its clock. */
const leftOf = (at: number, act: Omit<Parameters<typeof restartCause>[0], 'id'>) => {
  const annotations = { 'pushed.receiverhooks.dev/restarted.at': `${at} earlier` }
  const object = { metadata: { name: 'web', uid: 'u', resourceVersion: '1', annotations } }
  return [...planRestart(object, workloads, restartCause({ id: 'new', ...act }, now)).left]
}

it('a new restart is superseded by none that was made before, however fast the clock of that process was', () => {
  expect(leftOf(now + 10 * minute, { at: now })).toEqual([])
})

it.each([
  ['whose work was left', { at: now - minute, isResumed: true }],
  ['of an event that is reported late', { at: now - minute, isDated: true }],
] as const)('a restart %s is superseded by a later one', (_, act) => {
  expect(leftOf(now, act)).toEqual(['superseded'])
  expect(leftOf(now - 2 * minute, act)).toEqual([])
})

it('a restart is known to the process that resumes it after nineteen others, however the clocks differ', () => {
  const note = 'pushed.receiverhooks.dev/restarted.at'
  const restartedBy = (object: StoredObject, id: string): StoredObject => {
    const { patch } = planRestart(object, workloads, { id, at: now - minute })
    const stored = patch.find(({ path }) => path.startsWith('/metadata/annotations'))?.value
    const value = isObject(stored) ? stored[note] : stored
    return { metadata: { ...object.metadata, annotations: { [note]: String(value) } } }
  }
  const ids = ['own', ...Array.from({ length: 19 }, (_, index) => `later-${index}`)]
  const after = ids.reduce(restartedBy, { metadata: { name: 'web', uid: 'u', resourceVersion: '1' } })
  const resumed = restartCause({ id: 'own', at: now, isResumed: true }, now)
  expect([...planRestart(after, workloads, resumed).left]).toEqual(['done before'])
})

describe('a restart whose answer was lost', () => {
  const versionWith = (...ids: readonly string[]) => ({
    metadata: {
      ...{ name: 'web', uid: 'u', resourceVersion: '1' },
      ...(ids.length > 0 && { annotations: { 'pushed.receiverhooks.dev/restarted.at': `${now} ${ids.join(' ')}` } }),
    },
  })
  const others = (count: number) => Array.from({ length: count }, (_, index) => `later-${count - index}`)
  const leftAfter = (unsure: StoredObject, object: StoredObject) => [
    ...planRestart(object, workloads, restartCause({ id: 'own', at: now }, now), unsure).left,
  ]

  it('is superseded once so many others came after it that its id would be forgotten', () => {
    expect(leftAfter(versionWith('x', 'y'), versionWith(...others(20)))).toEqual(['superseded'])
    expect(leftAfter(versionWith(), versionWith(...others(20)))).toEqual(['superseded'])
  })

  it('is made again while the workload names what was there before it', () => {
    expect(leftAfter(versionWith('x', 'y'), versionWith(...others(19), 'x'))).toEqual([])
    expect(leftAfter(versionWith(), versionWith(...others(19)))).toEqual([])
    expect(leftAfter(versionWith('x', 'y'), versionWith('x', 'y'))).toEqual([])
    expect(leftAfter(versionWith(), versionWith())).toEqual([])
  })

  it('is made again where somebody has removed what the workload names', () => {
    expect(leftAfter(versionWith('x', 'y'), versionWith())).toEqual([])
  })

  it('was made if the workload names it', () => {
    expect(leftAfter(versionWith('x'), versionWith('b', 'a', 'own', 'x'))).toEqual(['done before'])
  })
})

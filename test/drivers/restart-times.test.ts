import { expect, it } from 'vitest'
import { workloadKind } from '../../src/drivers/rollouts/kinds.ts'
import { planRestart, restartCause } from '../../src/drivers/rollouts/plan.ts'

const now = Date.UTC(2026, 0, 1)
const minute = 60_000

/** Returns what is left of a restart of a workload that another process has restarted at `at` by its clock. */
const leftOf = (at: number, act: Omit<Parameters<typeof restartCause>[0], 'id'>) => {
  const workloads = workloadKind('Deployment')
  if (!workloads) throw new Error('the kind is known')
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

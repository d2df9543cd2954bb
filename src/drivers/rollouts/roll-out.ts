import type { Worked } from '../../acts/acts.ts'
import type { StoredObject } from '../../api/object.ts'
import { isStatus, readFailureOf } from '../../kube/errors.ts'
import type { Execution } from '../driver.ts'
import { readPatiently, type Patience } from '../patient.ts'
import type { Workloads } from './kinds.ts'
import { rolloutOutcome, type Rollout } from './outcome.ts'
import { planOfNothing, type RolloutPlan } from './plan.ts'
import type { Reach } from './schema.ts'
import { findWorkloads } from './workloads.ts'
import { rollOut, tooLarge } from './write.ts'

/** How many workloads of one delivery are written at the same time. */
const atOnce = 16

/** Plans the change of each workload, see {@link rollOut}. */
export interface Planner {
  /** The image in words, for messages. Undefined for a restart. */
  readonly what: string | undefined
  readonly plan: (object: StoredObject, workloads: Workloads, unsure: StoredObject | undefined) => RolloutPlan
}

/**
 * Rolls out all workloads of the hook, up to {@link atOnce} at a time. Once `mayContinue`
 * resolves with false, no further one begins. Resolves with the result of all.
 */
export const rollOutAll = async (
  member: Reach,
  { plan, what }: Planner,
  {
    api,
    charge,
    clock,
    hook: { namespace },
    mayChange = () => true,
  }: Pick<Execution, 'api' | 'charge' | 'clock' | 'mayChange'> & {
    readonly hook: Pick<Execution['hook'], 'namespace'>
  },
  { isNamed, mayContinue, progress }: Omit<Patience, 'clock'>,
): Promise<Worked> => {
  try {
    const found = await readPatiently(() => findWorkloads(api, namespace, member), {
      clock,
      isNamed,
      mayContinue,
      progress,
    })
    if ('reason' in found) return { worked: 'failed', outcome: { outcome: 'failed', ...found } }
    const rollouts: Rollout[] = found.large.map(name => ({ name, rolled: tooLarge }))
    const waiting = [...found.found]
    const planAllowed = (planned: RolloutPlan): RolloutPlan =>
      planned.changes.every(mayChange) ? planned : planOfNothing('not approved')
    const deps = { api, charge, clock, namespace, mayContinue }
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { workloads } = next
        const rolled = (await mayContinue())
          ? await rollOut(next, (object, unsure) => planAllowed(plan(object, workloads, unsure)), deps)
          : ({ rolled: 'left', mayBeStored: false } as const)
        rollouts.push({ name: `${workloads.type.kind}/${next.object.metadata.name}`, rolled })
        progress(`${rollouts.length} of ${found.found.length + found.large.length} workloads are done`)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    return rolloutOutcome(rollouts, what)
  } catch (error) {
    return failureOf(error)
  }
}

/** Returns the result of an act whose workloads could not be read. */
export const failureOf = (error: unknown): Worked => {
  const { failure, message } = readFailureOf(error)
  switch (failure) {
    case 'forbidden':
      return { worked: 'failed', outcome: { outcome: 'failed', reason: 'Forbidden', message } }
    case 'too large':
      return { worked: 'failed', outcome: { outcome: 'failed', reason: 'TooLarge', message } }
    case 'unreachable':
      // The API server cannot read the selector, and sending it again changes nothing.
      if (isStatus(error, 400))
        return { worked: 'failed', outcome: { outcome: 'failed', reason: 'InvalidHook', message } }
      return {
        worked: 'unfinished',
        outcome: { outcome: 'unavailable', reason: 'ApiUnreachable', message },
        isUntouched: true,
      }
  }
}

import { conditionOf, withSeparate } from '../api/conditions.ts'
import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import type { StoredMemory } from '../api/record.ts'
import { maxShownLeases, maxTarget, type LeaseReport } from '../api/status.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { parseTime, rfc3339 } from '../environment/time.ts'
import { endOf } from '../record/parts.ts'
import { shownCount } from '../record/count-name.ts'
import { writeStatus } from './status.ts'

/**
 * Returns what a record says of leases, in the form of a status. `target` is the hook's present target,
 * such as `Deployment/web`. What was leased before `endBefore` ends by then. What it holds since before
 * `overruled` is over. Undefined if nothing is leased.
 */
export const leasesIn = (
  { objects = [], overdue, parts = [] }: Pick<StoredMemory, 'objects' | 'overdue' | 'parts'>,
  target: string | undefined,
  endBefore?: number,
  overruled = -Infinity,
): LeaseReport | undefined => {
  const leases = parts
    .flatMap(part => {
      if (part.until === undefined) return []
      const { at, delta, held = false, object, of } = part
      const until = endOf(part, endBefore)
      const isOverdue = overdue !== undefined && until <= overdue.at
      const name = nameIn(objects[object]?.target ?? '')
      const state = name === target && at < overruled ? 'overruled' : stateOf(held, isOverdue)
      return [{ at, delta, of, until, name, state } as const]
    })
    .sort((a, b) => a.until - b.until)
  if (leases.length === 0) return undefined
  const next = leases.find(({ state }) => state === 'open')
  return {
    open: leases.length,
    sum: leases.reduce((sum, { delta, name }) => (name === target ? sum + delta : sum), 0),
    ...(next && { next: rfc3339(next.until) }),
    shown: leases.slice(0, maxShownLeases).map(({ at, delta, name, of, state, until }) => ({
      object: name,
      by: delta,
      since: rfc3339(at),
      until: rfc3339(until),
      ...(of !== undefined && { of }),
      state,
    })),
  }
}

const stateOf = (isHeld: boolean, isOverdue: boolean): LeaseReport['shown'][number]['state'] =>
  isHeld ? 'held' : isOverdue ? 'overdue' : 'open'

const nameIn = (target: string): string => shownCount(target).slice(0, maxTarget)

/**
 * Returns the conditions of a hook with what its record says of overdue leases, and without one about what the hook
 * does not hold any more. Undefined if it has none yet.
 */
export const conditionsOf = (
  { metadata: { generation }, status }: ReceiverHook,
  overdue: StoredMemory['overdue'],
  leases: LeaseReport | undefined,
) => {
  const said = overdue && { since: rfc3339(overdue.at), message: overdueInWords(overdue) }
  const conditions = status?.conditions && withSeparate(status.conditions, 'LeaseOverdue', said, generation)
  // With a selector, the condition does not name all that is overruled.
  const since = overruledAt({ conditions }) ?? -Infinity
  const isOverruled = leases?.shown.some(lease => parseTime(lease.since) < since) === true
  return conditions && !isOverruled ? withSeparate(conditions, 'Overruled', undefined, generation) : conditions
}

/** Returns since when a status says that what the hook holds is overruled. Undefined if it does not. */
export const overruledAt = (status: ReceiverHook['status']): number | undefined => {
  const overruled = conditionOf(status?.conditions, 'Overruled')
  return overruled && parseTime(overruled.lastTransitionTime)
}

/** Returns since when a lease is overdue, and why. */
export const overdueInWords = ({ at, why }: NonNullable<StoredMemory['overdue']>): string =>
  `a lease should have ended at ${rfc3339(at)}: ${why}`.slice(0, 1024)

/** Returns whether a status shows leases or used limits. Without a record, there are none. */
export const showsRecord = (hook: ReceiverHook): boolean =>
  hook.status?.leases !== undefined ||
  hook.status?.limits !== undefined ||
  conditionsOf(hook, undefined, undefined) !== hook.status?.conditions

/** Removes leases and used limits from the status of a hook whose record is gone. Resolves with the stored hook. Throws the API server's errors. */
export const clearRecorded = (api: ApiConnection, hook: ReceiverHook): Promise<StoredObject> =>
  writeStatus(api, hook, { leases: null, limits: null, conditions: conditionsOf(hook, undefined, undefined) })

import type { ReceiverHook } from '../api/hook.ts'
import { at, stringAt } from '../api/json.ts'
import type { Metrics } from '../environment/environment.ts'
import type { HookCounter } from './hook-gauge.ts'

/** The largest number of series of each gauge. Objects and hooks beyond it are left out. */
const maxSeries = 1_000

/**
 * Sums up what hooks have leased, by object, and counts the leases that should have ended. Both are
 * read from statuses, so they are a few seconds old. An object without leases has no series.
 */
export const leaseGauges = (metrics: Metrics): HookCounter => {
  const leased = sums(
    metrics.gauge('receiverhooks_leased', 'By how much hooks have changed the count of an object for a time.', [
      'namespace',
      'kind',
      'name',
    ]),
  )
  const overdue = sums(
    metrics.gauge('receiverhooks_leases_overdue', 'Leases that should have ended at least a minute ago.', [
      'namespace',
      'hook',
    ]),
  )
  const add = (hook: ReceiverHook | undefined, sign: 1 | -1): void => {
    if (hook === undefined) return
    const { name: hookName, namespace } = hook.metadata
    for (const [object, by] of leasedBy(hook)) {
      const [kind = '', name = ''] = object.split(/\/(.*)/s, 2)
      leased({ namespace, kind, name }, sign * by)
    }
    const late = shownBy(hook).filter(lease => at(lease, 'state') === 'overdue').length
    overdue({ namespace, hook: hookName }, sign * late)
  }
  return ({ before, now }) => {
    add(before, -1)
    add(now, 1)
  }
}

/** Returns a function that adds to the series of its labels, and removes a series of 0. */
const sums = (gauge: ReturnType<Metrics['gauge']>) => {
  const known = new Map<string, number>()
  const shown = new Set<string>()
  return (labels: Readonly<Record<string, string>>, by: number): void => {
    if (by === 0) return
    const key = Object.values(labels).join('/')
    const sum = (known.get(key) ?? 0) + by
    if (sum === 0) {
      known.delete(key)
      if (shown.delete(key)) gauge.set(labels, undefined)
      return
    }
    known.set(key, sum)
    if (!shown.has(key) && shown.size >= maxSeries) return
    shown.add(key)
    gauge.set(labels, sum)
  }
}

/**
 * Returns what a hook has leased, by object. The form of a cached hook is not checked: with another
 * version of the CRD, its status may have any form.
 */
const leasedBy = (hook: ReceiverHook): ReadonlyMap<string, number> => {
  const leased = new Map<string, number>()
  for (const lease of shownBy(hook)) {
    const by = at(lease, 'by')
    const object = stringAt(lease, 'object')
    if (typeof by === 'number' && object !== undefined) leased.set(object, (leased.get(object) ?? 0) + by)
  }
  // The status shows a few leases, and the sum of all at the present target.
  const sum = at(hook.status, 'leases', 'sum')
  const target = stringAt(hook.status, 'target')
  if (typeof sum === 'number' && target !== undefined) leased.set(target, sum)
  return leased
}

const shownBy = ({ status }: ReceiverHook): readonly unknown[] => {
  const shown = at(status, 'leases', 'shown')
  return Array.isArray(shown) ? shown : []
}

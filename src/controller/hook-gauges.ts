import type { ReceiverHook } from '../api/hook.ts'
import { at, listAt, stringAt } from '../api/json.ts'
import type { Metrics } from '../environment/environment.ts'
import { Shares, Tally } from '../environment/shares.ts'
import { isHoldShown } from '../record/count-name.ts'

/** Receives each change of a hook from a cache. */
export type HookCounter = (change: {
  readonly before: ReceiverHook | undefined
  readonly now: ReceiverHook | undefined
}) => void

/**
 * Counts hooks by their condition Ready and its reason. A hook of whose present spec nothing is said yet counts as
 * Unknown and Pending. A reason that hooks no longer have stays in
 * the gauge, with the count 0.
 */
export const hookCounter = (metrics: Metrics): HookCounter => {
  const gauge = metrics.gauge('receiverhooks_hooks', 'Hooks, by their condition Ready and its reason.', [
    'ready',
    'reason',
  ])
  const counts = new Tally()
  const add = (hook: ReceiverHook | undefined, by: number): void => {
    if (hook === undefined) return
    const condition = isJudged(hook) ? readyIn(hook) : undefined
    const labels = {
      ready: stringAt(condition, 'status') ?? 'Unknown',
      reason: stringAt(condition, 'reason') ?? 'Pending',
    }
    gauge.set(labels, counts.add(`${labels.ready} ${labels.reason}`, by))
  }
  return ({ before, now }) => {
    add(before, -1)
    add(now, 1)
  }
}

/**
 * Returns whether a hook's status is about its present spec, or needs to be about it no more: no controller looks at
 * a hook that is being deleted.
 */
const isJudged = ({ metadata, status }: ReceiverHook): boolean =>
  status?.observedGeneration === metadata.generation || metadata.deletionTimestamp !== undefined

/**
 * Returns the condition Ready. The form of a cached hook is not checked: with another version of
 * the CRD, its status may have any form.
 */
const readyIn = ({ status }: ReceiverHook): unknown =>
  listAt(status, 'conditions').find(condition => at(condition, 'type') === 'Ready')

/**
 * How many objects or hooks have a series of their own in each gauge, in all and of one namespace.
 * The others of a namespace share one, so that no namespace hides another one's.
 */
export const maxLeaseSeries = 1_000
export const maxLeaseSeriesOfNamespace = 500

/**
 * Sums up what hooks have leased, by object, and counts the leases that should have ended. Both are
 * read from statuses, so they are a few seconds old. An object without leases has no series.
 */
export const leaseGauges = (metrics: Metrics): HookCounter => {
  const leased = gaugeOfSums(
    metrics.gauge('receiverhooks_leased', "By how much leases change an object's count.", [
      'namespace',
      'kind',
      'name',
    ]),
  )
  const held = gaugeOfSums(
    metrics.gauge('receiverhooks_held', 'How many holds an object has.', ['namespace', 'kind', 'name']),
  )
  const overdue = gaugeOfSums(
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
      if (isHoldShown(object)) held({ namespace, kind, name: name.split(' ', 1)[0] ?? '' }, sign * by)
      else leased({ namespace, kind, name }, sign * by)
    }
    const late = shownBy(hook).filter(lease => at(lease, 'state') === 'overdue').length
    overdue({ namespace, hook: hookName }, sign * late)
  }
  return ({ before, now }) => {
    add(before, -1)
    add(now, 1)
  }
}

/** Labels of a series, with the namespace. */
type LeaseLabels = Readonly<Record<string, string>> & { readonly namespace: string }

/** What is known of some labels: their sum, and what removes their own series, if they have one. */
interface Known {
  readonly sum: number
  readonly hide: (() => void) | undefined
}

/** Returns a function that adds to the series of its labels, and removes a series of 0. */
const gaugeOfSums = (gauge: ReturnType<Metrics['gauge']>) => {
  const known = new Map<string, Known>()
  /** The sum of what has no series of its own, by namespace. */
  const others = new Tally()
  const shown = new Shares(maxLeaseSeries, maxLeaseSeriesOfNamespace)

  const addToOthers = (labels: LeaseLabels, by: number): void => {
    if (by === 0) return
    const { namespace } = labels
    const sum = others.add(namespace, by)
    const ofOthers = Object.fromEntries(Object.keys(labels).map(name => [name, name === 'namespace' ? namespace : '']))
    gauge.set(ofOthers, sum === 0 ? undefined : sum)
  }

  return (labels: LeaseLabels, by: number): void => {
    if (by === 0) return
    const key = Object.values(labels).join('/')
    const before = known.get(key) ?? { sum: 0, hide: undefined }
    const sum = before.sum + by
    const hide = before.hide ?? (sum === 0 ? undefined : shown.take(labels.namespace))
    if (sum === 0) {
      known.delete(key)
      hide?.()
    } else known.set(key, { sum, hide })
    addToOthers(labels, (hide ? 0 : sum) - (before.hide ? 0 : before.sum))
    if (hide) gauge.set(labels, sum === 0 ? undefined : sum)
  }
}

/**
 * Returns what a hook has leased, by object. The form of a cached hook is not checked: with another
 * version of the CRD, its status may have any form.
 */
const leasedBy = (hook: ReceiverHook): ReadonlyMap<string, number> => {
  const leased = new Map<string, number>()
  const shown = shownBy(hook)
  const open = shown.filter(lease => at(lease, 'state') !== 'overruled')
  for (const lease of open) {
    const by = at(lease, 'by')
    const object = stringAt(lease, 'object')
    if (typeof by === 'number' && object !== undefined) leased.set(object, (leased.get(object) ?? 0) + by)
  }
  // The status shows a few leases, and the sum of all at the present target.
  const sum = at(hook.status, 'leases', 'sum')
  const target = stringAt(hook.status, 'target')
  if (typeof sum === 'number' && target !== undefined && open.length === shown.length) leased.set(target, sum)
  return leased
}

const shownBy = ({ status }: ReceiverHook): readonly unknown[] => listAt(status, 'leases', 'shown')

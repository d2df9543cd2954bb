import type { Condition } from '../../src/api/conditions.ts'
import { driverColumns } from '../../src/api/crd.ts'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { at } from '../../src/api/json.ts'
import type { HookStatus } from '../../src/api/status.ts'
import { age } from './times.ts'
import type { CountOf } from '../cluster/counts.ts'
import type { Style } from './colour.ts'
import type { TableCell } from './table.ts'

export interface RowOptions {
  readonly namespaces: boolean
  readonly wide: boolean
  readonly now: number
  readonly counts: CountOf
}

export const titlesOf = ({ namespaces, wide }: Pick<RowOptions, 'namespaces' | 'wide'>): readonly string[] => [
  ...(namespaces ? ['NAMESPACE'] : []),
  'NAME',
  'DRIVER',
  'ACTION',
  'TARGET',
  'COUNT',
  'READY',
  'REASON',
  'LAST',
  ...(wide ? ['BY', 'SENDER', 'WHY', 'AGE'] : []),
]

/** Returns a hook as a row of a table. */
export const tableRowOf = (hook: ReceiverHook, options: RowOptions): readonly TableCell[] => {
  const { metadata, spec, status } = hook
  const ready = conditionOf(hook, 'Ready')
  const last = status?.lastDelivery
  const member = (name: keyof typeof driverColumns): unknown => at(spec, spec.driver, driverColumns[name])
  return [
    ...(options.namespaces ? [metadata.namespace] : []),
    metadata.name,
    spec.driver,
    text(member('Action')),
    status?.target ?? '',
    countText(options.counts(hook), member('Min'), member('Max')),
    { text: ready?.status ?? 'Unknown', style: readyStyle(ready) },
    spec.suspend ? { text: 'Suspended', style: 'warning' } : (ready?.reason ?? ''),
    last === undefined
      ? { text: 'never', style: 'dim' }
      : { text: `${last.outcome} ${age(last.time, options.now)}`, style: outcomeStyle(last.outcome) },
    ...(options.wide
      ? [text(member('By')), last?.sender ?? '', last?.reason ?? '', age(metadata.creationTimestamp, options.now)]
      : []),
  ]
}

const conditionOf = ({ status }: ReceiverHook, type: string): Condition | undefined =>
  status?.conditions?.find(condition => condition.type === type)

/**
 * Returns the count with the hook's bounds, such as `2 (1-10)` or `2 (>=1)`. An unknown count is
 * `?`.
 */
const countText = (count: number | undefined, min: unknown, max: unknown): string => {
  const bounds = boundsText(min, max)
  if (count === undefined) return bounds === '' ? '' : `? (${bounds})`
  return bounds === '' ? String(count) : `${count} (${bounds})`
}

const boundsText = (min: unknown, max: unknown): string => {
  if (max !== undefined) return `${text(min ?? 0)}-${text(max)}`
  return min === undefined ? '' : `>=${text(min)}`
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

const readyStyle = (ready: Condition | undefined): Style => {
  if (ready === undefined) return 'dim'
  return ready.status === 'True' ? 'good' : 'bad'
}

type Outcome = NonNullable<HookStatus['lastDelivery']>['outcome']

export const outcomeStyle = (outcome: Outcome): Style => {
  switch (outcome) {
    case 'applied':
      return 'good'
    case 'unchanged':
    case 'skipped':
      return 'dim'
    case 'rejected':
      return 'warning'
    case 'failed':
      return 'bad'
  }
}

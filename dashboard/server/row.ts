import { at, isObject, stringAt } from '../../src/api/json.ts'
import type { HookSpec } from '../../src/api/hook.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { driverOf, isViolation } from '../../src/drivers/registry.ts'
import { redacted } from '../../src/environment/redact.ts'
import { urlSecretOf } from '../../cli/cluster/hook-url.ts'
import type { LeasesInAll, ListedHook, RowDelivery, RowLease } from '../protocol.ts'

/**
 * Returns what the list shows of a hook. The row has no token, URL, annotation or managedFields.
 */
export const rowOf = (object: StoredObject): ListedHook => {
  const { generation = 0, namespace = '', name, uid } = object.metadata
  const driver = stringAt(object, 'spec', 'driver') ?? ''
  const member = at(object, 'spec', driver)
  const ready = conditionOf(object, 'Ready')
  const state = stringAt(ready, 'status')
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid,
    generation,
    driver,
    ...wordsOf(object, driver),
    min: numberAt(member, 'min'),
    max: numberAt(member, 'max'),
    suspended: at(object, 'spec', 'suspend') === true,
    ready: state === 'True' || state === 'False' ? state : 'Unknown',
    reason: stringAt(ready, 'reason') ?? 'Pending',
    message: redacted(stringAt(ready, 'message') ?? ''),
    last: rowDelivery(at(object, 'status', 'lastDelivery')),
    recent: listOf(at(object, 'status', 'recent')).flatMap(entry => rowDelivery(entry) ?? []),
    counts: countsOf(at(object, 'status', 'counts')),
    url: urlOf(object),
    ...leasesInAll(at(object, 'status', 'leases')),
  }
}

const leasesInAll = (leases: unknown): { readonly leases?: LeasesInAll } => {
  const [open, sum, next] = [at(leases, 'open'), at(leases, 'sum'), stringAt(leases, 'next')]
  if (typeof open !== 'number' || open === 0) return {}
  return { leases: { open, sum: typeof sum === 'number' ? sum : 0, next } }
}

/** Returns the leases that a hook's status shows. */
export const leasesOf = (object: StoredObject): readonly RowLease[] =>
  listOf(at(object, 'status', 'leases', 'shown')).flatMap((lease): readonly RowLease[] => {
    const by = at(lease, 'by')
    const [since, until, of, state] = ['since', 'until', 'of', 'state'].map(name => stringAt(lease, name))
    if (typeof by !== 'number' || since === undefined || until === undefined) return []
    return [
      {
        object: stringAt(lease, 'object') ?? '',
        by,
        since,
        until,
        of: redactedText(of),
        state: state === 'held' || state === 'overdue' || state === 'overruled' ? state : undefined,
      },
    ]
  })

/** Returns a condition of a hook, or undefined. The members of the condition are not checked. */
const conditionOf = (object: StoredObject, type: string): unknown =>
  listOf(at(object, 'status', 'conditions')).find(condition => at(condition, 'type') === type)

/** Returns the elements of a list, or none for another value. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const isHookSpec = (spec: unknown): spec is HookSpec => typeof at(spec, 'driver') === 'string'

/**
 * Returns action and target in words. For an invalid hook, returns the driver's name and the target
 * in the status.
 */
const wordsOf = (object: StoredObject, driver: string): { does: string; target?: string | undefined } => {
  const spec = object['spec']
  const found = isHookSpec(spec) ? driverOf(spec) : undefined
  if (found !== undefined && !isViolation(found)) return { does: redacted(found.description), target: found.target }
  return { does: driver, target: stringAt(object, 'status', 'target') }
}

/** Returns a delivery of a hook's status. Undefined if it has no time. */
export const rowDelivery = (entry: unknown): RowDelivery | undefined => {
  const time = stringAt(entry, 'time')
  if (time === undefined) return undefined
  return {
    time,
    sender: stringAt(entry, 'sender') ?? '',
    outcome: stringAt(entry, 'outcome') ?? '',
    reason: stringAt(entry, 'reason') ?? '',
    from: numberAt(entry, 'from'),
    to: numberAt(entry, 'to'),
    summary: redactedText(stringAt(entry, 'summary')),
  }
}

const numberAt = (from: unknown, name: string): number | undefined => {
  const value = at(from, name)
  return typeof value === 'number' ? value : undefined
}

/** Returns a text without secrets, if there is one. */
export const redactedText = (text: string | undefined): string | undefined => text && redacted(text)

const countsOf = (counts: unknown): Readonly<Record<string, number>> =>
  isObject(counts)
    ? Object.fromEntries(
        Object.entries(counts).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
      )
    : {}

const urlOf = (object: StoredObject): ListedHook['url'] => {
  if (urlSecretOf(object) !== undefined) return 'secret'
  if (stringAt(object, 'status', 'triggerURL') === undefined) return 'none'
  return hasNamedURL(object['spec']) ? 'named' : 'status'
}

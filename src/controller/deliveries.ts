import { isDeepStrictEqual } from 'node:util'
import type { ReceiverHook } from '../api/hook.ts'
import { apiVersion, hookKind } from '../api/names.ts'
import { isReason, reasons } from '../api/reasons.ts'
import type { StoredObject } from '../api/object.ts'
import { deliveryOutcomes, parseMemory, type Memory, type RecentDelivery } from '../api/record.ts'
import type { HookStatus } from '../api/status.ts'
import { parseTime, rfc3339 } from '../environment/time.ts'
import type { ApiConnection, Clock } from '../environment/environment.ts'
import type { EmittedEvent } from '../kube/events.ts'
import { objectPath } from '../kube/paths.ts'
import { send } from '../kube/requests.ts'
import { hooks } from '../kube/resources.ts'

/** The least time between two writes of one hook's deliveries, and how soon the first one is made, in milliseconds. */
const spacingMs = 10_000
const firstMs = 500

/** What a hook's record tells of its deliveries, as its status says it. */
type Told = Required<Pick<HookStatus, 'lastDelivery' | 'recent' | 'counts'>>

/** What a record tells, and of which hook. */
export interface Tale {
  readonly hookUid: string
  readonly told: Told
  /** What a sender has asked a person to confirm. */
  readonly confirmation: Memory['confirmation'] | undefined
}

/** Undefined for a record that tells of no delivery, belongs to no hook or cannot be read. */
export const taleOf = (record: StoredObject): Tale | undefined => {
  const hookUid = record.metadata.ownerReferences?.[0]?.uid
  const memory = parseMemory(record['content'])
  const told = memory && toldBy(memory)
  return hookUid === undefined || !told ? undefined : { hookUid, told, confirmation: memory.confirmation }
}

const toldBy = ({ counts, recent }: Memory): Told | undefined => {
  const deliveries = recent.map(deliveryOf)
  const [lastDelivery] = deliveries
  const all = Object.fromEntries(deliveryOutcomes.map(outcome => [outcome, counts[outcome] ?? 0]))
  return lastDelivery && { lastDelivery, recent: deliveries, counts: all }
}

const deliveryOf = ({ at, ...delivery }: RecentDelivery): Told['lastDelivery'] => ({ time: rfc3339(at), ...delivery })

/** Whether a hook's status does not say yet what is told of this very hook. */
export const isNew = ({ metadata, status }: ReceiverHook, { hookUid, told }: Tale): boolean =>
  hookUid === metadata.uid &&
  !isDeepStrictEqual(told, { lastDelivery: status?.lastDelivery, recent: status?.recent, counts: status?.counts })

/** Writes what is told of a hook's deliveries into its status, and answers the hook as it is then. Throws what the API throws. */
export const tell = async (api: ApiConnection, { metadata }: ReceiverHook, { told }: Tale): Promise<StoredObject> => {
  // A merge patch keeps what it does not name: the counts of the delivery before.
  const lastDelivery = { from: null, to: null, ...told.lastDelivery }
  return await send(api, {
    method: 'PATCH',
    path: objectPath(hooks, metadata.namespace, metadata.name, 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({
      metadata: { resourceVersion: metadata.resourceVersion },
      status: { ...told, lastDelivery },
    }),
  })
}

/** What Events tell of what the status does not say yet. */
export const eventsOf = (hook: ReceiverHook, tale: Tale): readonly EmittedEvent[] =>
  [confirmationEvent(hook, tale), outcomeEvent(hook, tale)].filter(event => event !== undefined)

const confirmationEvent = (hook: ReceiverHook, { confirmation }: Tale): EmittedEvent | undefined => {
  const toldUntil = parseTime(hook.status?.lastDelivery?.time ?? '')
  // The status tells whole seconds: one Event too many is counted to the first, one too few would be missed.
  if (!confirmation || Math.floor(confirmation.at / 1000) * 1000 < toldUntil) return undefined
  const note = `to let ${confirmation.subject} post to this hook, open ${confirmation.link}`
  return { regarding: regarding(hook), type: 'Warning', reason: 'SubscriptionToConfirm', action: 'Deliver', note }
}

/** Undefined when the outcome is what the status said already. */
const outcomeEvent = (hook: ReceiverHook, { told }: Tale): EmittedEvent | undefined => {
  const { status } = hook
  const { from, outcome, reason, to } = told.lastDelivery
  const before = status?.lastDelivery
  if (before?.outcome === outcome && before.reason === reason) return undefined
  const counts = from === undefined || to === undefined ? '' : ` (from ${from} to ${to})`
  const { means, todo } = isReason(reason) ? reasons[reason] : { means: reason, todo: 'Nothing.' }
  return {
    regarding: regarding(hook),
    type: outcome === 'failed' || outcome === 'rejected' || reason === 'OutcomeUnknown' ? 'Warning' : 'Normal',
    reason,
    action: 'Deliver',
    note: `${outcome}${counts}: ${means}${todo === 'Nothing.' ? '' : ` ${todo}`}`,
  }
}

const regarding = ({ metadata }: ReceiverHook): EmittedEvent['regarding'] => {
  const { name, namespace, resourceVersion, uid } = metadata
  return { apiVersion, kind: hookKind, namespace, name, uid, resourceVersion }
}

/** When each hook's deliveries are to be written next: the first change soon, further ones at most every ten seconds. */
export const pacer = (clock: Clock, due: (key: string) => void) => {
  const waiting = new Map<string, () => void>()
  const lastAt = new Map<string, number>()
  return {
    /** Something has changed. */
    changed: (key: string): void => {
      if (waiting.has(key)) return
      const now = clock.monotonic()
      const inMs = Math.max(firstMs, (lastAt.get(key) ?? -Infinity) + spacingMs - now)
      const cancel = clock.after(inMs, () => {
        waiting.delete(key)
        lastAt.delete(key)
        lastAt.set(key, clock.monotonic())
        forgetOld(lastAt, clock.monotonic() - spacingMs)
        due(key)
      })
      waiting.set(key, cancel)
    },
    stop: (): void => {
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}

/** The entries stand in the order of their times. */
const forgetOld = (times: Map<string, number>, before: number): void => {
  for (const [key, at] of times) {
    if (at >= before) return
    times.delete(key)
  }
}

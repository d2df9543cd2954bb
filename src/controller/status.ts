import { isDeepStrictEqual } from 'node:util'
import { conditionsFor, type Problem } from '../api/conditions.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { isObject, type JsonObject } from '../api/json.ts'
import { maxTarget, type HookStatus, type Minted } from '../api/status.ts'
import { parseTime, rfc3339 } from '../environment/time.ts'
import { tokenId } from '../token/mint.ts'
import type { Publication } from './publish.ts'

/** What a reconcile found and made, before it becomes a status. */
export interface ReconcileFindings {
  /** What the hook acts on; undefined when its spec does not say. */
  readonly target: string | undefined
  readonly problem: Problem | undefined
  /** Undefined when the token's own settings are broken: what is published stays. */
  readonly publication: Publication | undefined
  /** How long the former token is accepted, should this be a rotation, in milliseconds. */
  readonly overlapMs: number
}

/** What a reconcile does not speak of: deliveries.ts does. */
type Deliveries = 'lastDelivery' | 'recent' | 'counts'

/** Every other member that the status has; undefined for one that is to be absent. */
type WholeStatus = { readonly [Member in Exclude<keyof HookStatus, Deliveries>]-?: HookStatus[Member] | undefined }

const valid = { reason: 'Valid', message: 'the hook is valid, and its URL is published' } as const

/** It does what its author asked for: it is Ready, and says why nothing happens. */
const suspended = {
  reason: 'Suspended',
  message: 'the hook is valid and suspended: it answers deliveries and skips them until suspend: false',
} as const

/**
 * The merge patch (RFC 7396) that turns a hook's status into what was found; undefined when it says so already. `now`
 * is in milliseconds since the epoch.
 */
export const statusPatch = (hook: ReceiverHook, findings: ReconcileFindings, now: number): JsonObject | undefined => {
  const status = statusOf(hook, findings, now)
  const before = hook.status ?? {}
  if (!mergePatch(before, status)) return undefined
  // A former rotation whose time is over is not worth a write of its own; but now there is one anyway.
  return mergePatch(before, { ...status, minted: status.minted && withoutEnded(status.minted, now) })
}

const statusOf = (hook: ReceiverHook, findings: ReconcileFindings, now: number): WholeStatus => {
  const { metadata, status } = hook
  const { problem, publication, target } = findings
  const ready = hook.spec.suspend ? suspended : valid
  const common = {
    observedGeneration: metadata.generation,
    target: target !== undefined && target.length > maxTarget ? `${target.slice(0, maxTarget - 1)}…` : target,
    conditions: conditionsFor(problem, ready, status?.conditions ?? [], metadata.generation, now),
  }
  switch (publication?.published) {
    case 'status': {
      const { endpoint, token, url } = publication
      const minted = mintedOf(status?.minted, publication, findings, now)
      return { ...common, token, triggerURL: url, endpoint, minted }
    }
    case 'secret': {
      const minted = mintedOf(status?.minted, publication, findings, now)
      const { endpoint } = publication
      return { ...common, token: undefined, triggerURL: undefined, endpoint, minted }
    }
    case 'nowhere':
      return { ...common, token: undefined, triggerURL: undefined, endpoint: undefined, minted: status?.minted }
    case undefined: {
      const { endpoint, minted, token, triggerURL } = status ?? {}
      return { ...common, token, triggerURL, endpoint, minted }
    }
  }
}

const mintedOf = (
  before: Minted | undefined,
  { claims, token }: Extract<Publication, { published: 'status' | 'secret' }>,
  { overlapMs }: ReconcileFindings,
  now: number,
): Minted => {
  const { expiresAt, rotation } = claims
  const previous = before && rotation > before.rotation ? replaced(before, overlapMs, now) : before?.previous
  return {
    id: tokenId(token),
    rotation,
    ...(expiresAt !== undefined && { expiresAt: rfc3339(expiresAt) }),
    ...(previous && { previous }),
  }
}

/** How long the token before a rotation is accepted; undefined when it is not. Never shorter than was promised. */
const replaced = ({ rotation }: Minted, overlapMs: number, now: number): Minted['previous'] =>
  overlapMs === 0 ? undefined : { rotation, acceptedUntil: rfc3339(now + overlapMs + 999) }

const withoutEnded = ({ previous, ...minted }: Minted, now: number): Minted =>
  previous && now < parseTime(previous.acceptedUntil) ? { ...minted, previous } : minted

/** What turns `before` into `after`, in the members that `after` names; undefined when nothing does. */
const mergePatch = (before: JsonObject, after: JsonObject): JsonObject | undefined => {
  const changes = Object.entries(after).flatMap(([name, value]): [string, unknown][] => {
    const old = before[name]
    if (isDeepStrictEqual(old, value)) return []
    if (value === undefined) return [[name, null]]
    return [[name, isObject(old) && isObject(value) ? mergePatch(old, { ...absent(old), ...value }) : value]]
  })
  return changes.length === 0 ? undefined : Object.fromEntries(changes)
}

/** An object's members, all undefined. */
const absent = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.keys(object).map(name => [name, undefined]))

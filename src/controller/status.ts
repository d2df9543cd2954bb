import { isDeepStrictEqual } from 'node:util'
import { conditionsFor, withFound, type Problem } from '../api/conditions.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { isObject, type JsonObject } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'
import { maxTarget, type HookStatus, type Minted } from '../api/status.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { parseTime, rfc3339 } from '../environment/time.ts'
import { objectPath } from '../kube/paths.ts'
import { sendMergePatch } from '../kube/requests.ts'
import { hooks } from '../kube/resources.ts'
import { tokenId } from '../token/mint.ts'
import { keyIdOf } from '../token/verify.ts'
import type { Publication } from './publish.ts'

/** What a reconcile found and made, before it becomes a status. */
export interface ReconcileFindings {
  /** The hook's target. Undefined if its spec has none. */
  readonly target: string | undefined
  /** `pending`: it is not known yet whether the hook has one, so its status goes on saying what it says of Ready. */
  readonly problem: Problem | 'pending' | undefined
  /** Undefined if the token's settings are invalid. The published token stays. */
  readonly publication: Publication | undefined
  /** Why a former Secret is still there. Undefined if none is, or if nothing was published. */
  readonly former?: string | undefined
  /** Who has set a field that the hook held. Undefined if nobody else has. */
  readonly overruled?: string | undefined
  /** How long the previous token is accepted after a rotation, in milliseconds. */
  readonly overlapMs: number
}

/** Members that deliveries.ts writes. */
type Deliveries = 'lastDelivery' | 'leases' | 'limits' | 'recent' | 'counts'

/** All other members of the status. An undefined member will be absent from the status. */
type WholeStatus = { readonly [Member in Exclude<keyof HookStatus, Deliveries>]-?: HookStatus[Member] | undefined }

/** Returns the condition of a valid hook. Its message says who may read the URL, and so run the hook. */
const validWith = ({ spec }: ReceiverHook, publication: Publication | undefined) => {
  const where = {
    status: ' in its status, for anyone who may get the hook',
    secret: ` in Secret/${spec.token.secretName}, for anyone who may get that Secret`,
    named: '',
    nowhere: '',
  }[publication?.published ?? 'nowhere']
  return { reason: 'Valid', message: `the hook is valid, and its URL is published${where}` } as const
}

/**
 * A suspended hook is Ready, because its author asked for the suspension. The message says why
 * nothing runs.
 */
const suspended = {
  reason: 'Suspended',
  message: 'the hook is valid but suspended: it answers deliveries and skips them until suspend: false',
} as const

/**
 * Returns the merge patch (RFC 7396) that brings a hook's status up to date, or undefined if
 * nothing differs. `now` is in milliseconds since the epoch.
 */
export const statusPatch = (hook: ReceiverHook, findings: ReconcileFindings, now: number): JsonObject | undefined => {
  const status = statusFor(hook, findings, now)
  const before = hook.status ?? {}
  if (!patchBetween(before, status)) return undefined
  // An ended overlap alone causes no write. If there is a write, it removes the overlap.
  return patchBetween(before, { ...status, minted: status.minted && withoutEnded(status.minted, now) })
}

/** Returns the status that a hook should have, without the members that deliveries.ts writes. */
export const statusFor = (hook: ReceiverHook, findings: ReconcileFindings, now: number): WholeStatus => {
  const { metadata, status } = hook
  const { problem, publication, target } = findings
  const conditions = conditionsOf(hook, findings, now)
  const common =
    problem === 'pending'
      ? { observedGeneration: status?.observedGeneration, target: status?.target, conditions }
      : { observedGeneration: metadata.generation, target: shortenedTarget(target), conditions }
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
    case 'named': {
      const { endpoint, url } = publication
      return { ...common, token: undefined, triggerURL: url, endpoint, minted: undefined }
    }
    case 'nowhere': {
      // Without a right to Secrets, the hook's own may still be there, with a URL that works. So the endpoint stays.
      const isUnseen = publication.problem.reason === 'Forbidden' && status?.minted && status.token === undefined
      const endpoint = isUnseen ? status.endpoint : undefined
      return { ...common, token: undefined, triggerURL: undefined, endpoint, minted: status?.minted }
    }
    case undefined: {
      const { endpoint, minted, token, triggerURL } = status ?? {}
      return { ...common, token, triggerURL, endpoint, minted }
    }
  }
}

const shortenedTarget = (target: string | undefined): string | undefined =>
  target !== undefined && target.length > maxTarget ? `${target.slice(0, maxTarget - 1)}…` : target

const conditionsOf = (
  hook: ReceiverHook,
  { former, overruled, problem, publication }: ReconcileFindings,
  now: number,
): HookStatus['conditions'] => {
  const { spec, status } = hook
  const { generation } = hook.metadata
  const ready = spec.suspend ? suspended : validWith(hook, publication)
  const before = status?.conditions ?? []
  const conditions = problem === 'pending' ? before : conditionsFor(problem, ready, before, generation, now)
  // While nothing is published, no former Secret is looked for.
  const isPublished = publication !== undefined && publication.published !== 'nowhere'
  const kept = isPublished ? withFound(conditions, 'FormerSecretKept', former, generation, now) : conditions
  const all = withFound(kept, 'Overruled', overruled, generation, now)
  return status?.conditions || all.length > 0 ? [...all] : undefined
}

const mintedOf = (
  before: Minted | undefined,
  { claims, token }: Extract<Publication, { published: 'status' | 'secret' }>,
  { overlapMs }: ReconcileFindings,
  now: number,
): Minted => {
  const { expiresAt, rotation } = claims
  const previous = before && rotation > before.rotation ? previousOf(before, overlapMs, now) : before?.previous
  const kid = keyIdOf(token)
  return {
    id: tokenId(token),
    ...(kid !== undefined && { kid }),
    rotation,
    ...(expiresAt !== undefined && { expiresAt: rfc3339(expiresAt) }),
    ...(previous && { previous }),
  }
}

/**
 * Returns the previous rotation, and until when its token is accepted. Undefined if there is no
 * overlap. The time is rounded up to whole seconds, so that the overlap is never shortened.
 */
const previousOf = ({ rotation }: Minted, overlapMs: number, now: number): Minted['previous'] =>
  overlapMs === 0 ? undefined : { rotation, acceptedUntil: rfc3339(now + overlapMs + 999) }

const withoutEnded = ({ previous, ...minted }: Minted, now: number): Minted =>
  previous && now < parseTime(previous.acceptedUntil) ? { ...minted, previous } : minted

/** Writes a patch of a hook's status. Resolves with the stored hook. Throws the API server's errors. */
export const writeStatus = (
  api: ApiConnection,
  { metadata: { name, namespace, resourceVersion } }: ReceiverHook,
  patch: JsonObject | undefined,
): Promise<StoredObject> =>
  sendMergePatch(api, objectPath(hooks, namespace, name, 'status'), { metadata: { resourceVersion }, status: patch })

/**
 * Returns the merge patch from `before` to the members of `after`, or undefined if nothing differs. An object
 * in it is replaced whole: what only `before` says of it is removed.
 */
export const patchBetween = (before: JsonObject, after: JsonObject): JsonObject | undefined => {
  const changes = Object.entries(after).flatMap(([name, value]): [string, unknown][] => {
    const old = before[name]
    if (isDeepStrictEqual(old, value)) return []
    if (value === undefined) return [[name, null]]
    return [[name, isObject(old) && isObject(value) ? patchBetween(old, { ...allUndefined(old), ...value }) : value]]
  })
  return changes.length === 0 ? undefined : Object.fromEntries(changes)
}

/** Returns an object's members, all undefined. */
const allUndefined = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.keys(object).map(name => [name, undefined]))

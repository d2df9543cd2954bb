import { numberAt, objectAt, stringAt, type JsonObject } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'
import type { Environment } from '../environment/environment.ts'
import { rfc3339Micro } from '../environment/time.ts'
import { ApiError, isDenied, isStatus } from './errors.ts'
import type { SeeingLease } from './lease-history.ts'
import { apiVersionOf, collectionPath, objectPath } from './paths.ts'
import { read, send } from './requests.ts'
import { leases } from './resources.ts'

/**
 * The Lease and the identity in it. Identities must differ: two equal ones would both believe that
 * they hold the lease.
 */
export interface LeaseOptions {
  readonly namespace: string
  readonly name: string
  readonly identity: string
  /** Compares each version of the Lease with those before, so that no restored one is written over. */
  readonly seeing?: SeeingLease
}

/** What an attempt says if etcd was restored beneath this process, which then ends. */
const setBack = 'etcd was restored from a snapshot, so this process leaves the lease as it is, and exits'

/** This process cannot hold the lease before a person does what the message says. */
export class LeaseImpossible extends Error {
  override readonly name = 'LeaseImpossible'
}

/** How long a holder counts as alive after its last renewal, in milliseconds. */
const leaseDurationMs = 15_000

/** The time limit of one request, in milliseconds: half of the time in which the holder must renew. */
const requestWithinMs = 5_000

export interface LeaseLock {
  /**
   * Takes a free lease, or renews it. Resolves with false while another process holds it. Throws
   * ApiError and Unreachable: then it is unknown who holds it. Throws LeaseImpossible if the
   * lease's namespace or the right to the lease is missing.
   */
  attempt(): Promise<boolean>
  /** Releases the lease if it is still held, so that the next holder need not wait. */
  release(): Promise<void>
}

/**
 * Makes a lock from a `coordination.k8s.io/v1` Lease. Every write names the version that it
 * replaces. A holder counts as alive by when this process last saw the lease change, not by the
 * times in it, because clocks differ.
 */
export const leaseLock = (environment: Environment, options: LeaseOptions): LeaseLock => {
  const { api, clock } = environment
  const { identity, name, namespace, seeing = () => () => true } = options
  const request = { lane: 'lease', timeoutMs: requestWithinMs } as const
  /** The lease as this process last wrote it. Undefined if a later write may have changed it. */
  let mine: StoredObject | undefined
  let observed = { spec: '', at: -Infinity }

  const put = async (lease: StoredObject, spec: JsonObject): Promise<boolean> => {
    const path = objectPath(leases, namespace, name)
    // Until the answer arrives, it is unknown which version the next write would replace.
    mine = undefined
    const isInOrder = seeing()
    const written = await send(api, { ...request, method: 'PUT', path, body: JSON.stringify({ ...lease, spec }) })
    if (!isInOrder(written)) throw new Error(setBack)
    mine = written
    return true
  }

  const hold = (lease: StoredObject): Promise<boolean> => put(lease, heldSpec(specOf(lease), identity, clock.now()))

  const create = async (): Promise<boolean> => {
    const lease = {
      apiVersion: apiVersionOf(leases),
      kind: leases.kind,
      metadata: { name, namespace },
      spec: heldSpec({}, identity, clock.now()),
    }
    const path = collectionPath(leases, namespace)
    try {
      mine = await send(api, { ...request, method: 'POST', path, body: JSON.stringify(lease) })
    } catch (error) {
      // A 404 for a new object means that its namespace is missing.
      throw isStatus(error, 404) ? new LeaseImpossible(missing(namespace), { cause: error }) : error
    }
    return true
  }

  const observe = (lease: StoredObject): void => {
    const spec = JSON.stringify(lease['spec'])
    if (spec !== observed.spec) observed = { spec, at: clock.monotonic() }
  }

  /** Returns whether another process holds the observed lease. */
  const isTaken = (lease: StoredObject): boolean => {
    const holder = stringAt(lease, 'spec', 'holderIdentity') ?? ''
    const durationMs = (numberAt(lease, 'spec', 'leaseDurationSeconds') ?? leaseDurationMs / 1000) * 1000
    return holder !== '' && holder !== identity && clock.monotonic() - observed.at < durationMs
  }

  const readAndHold = async (): Promise<boolean> => {
    const isInOrder = seeing()
    const lease = await read(api, leases, namespace, name, request)
    if (lease === undefined) return await create()
    if (!isInOrder(lease)) throw new Error(setBack)
    observe(lease)
    return isTaken(lease) ? false : await hold(lease)
  }

  return {
    attempt: () =>
      // The quick renewal fails if another process has written since. Then only a read shows who
      // holds the lease.
      explained(
        async () => (mine !== undefined && (await unlessTooLate(hold(mine)))) || (await unlessTooLate(readAndHold())),
        options,
      ),
    release: async () => {
      if (mine !== undefined) await put(mine, releasedSpec(specOf(mine), clock.now()))
      mine = undefined
    },
  }
}

const missing = (namespace: string): string =>
  `the namespace ${namespace} does not exist: create it with kubectl create namespace ${namespace}, or name another with --namespace`

/** Runs `attempt`. If the API server answers 403, throws a {@link LeaseImpossible} that says what to do. */
const explained = async <T>(attempt: () => Promise<T>, { name, namespace }: LeaseOptions): Promise<T> => {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error
    const what = `this process may not hold the lease ${namespace}/${name}`
    throw new LeaseImpossible(`${what}: give its account the installation's roles (${error.message})`, {
      cause: error,
    })
  }
}

/** Resolves as `write` does, but with false if another process wrote, created or deleted the lease first. */
const unlessTooLate = async (write: Promise<boolean>): Promise<boolean> => {
  try {
    return await write
  } catch (error) {
    // A webhook may refuse with any status.
    if (!isDenied(error) && isStatus(error, 409, 404)) return false
    throw error
  }
}

const specOf = (lease: StoredObject): JsonObject => objectAt(lease, 'spec')

const heldSpec = (before: JsonObject, identity: string, now: number): JsonObject => {
  const renewed = { ...before, leaseDurationSeconds: leaseDurationMs / 1000, renewTime: rfc3339Micro(now) }
  if (before['holderIdentity'] === identity) return renewed
  return {
    ...renewed,
    holderIdentity: identity,
    acquireTime: rfc3339Micro(now),
    // As in client-go, the count of transitions begins at 0 with the first holder.
    leaseTransitions: (numberAt(before, 'leaseTransitions') ?? -1) + 1,
  }
}

const releasedSpec = (before: JsonObject, now: number): JsonObject => ({
  ...before,
  holderIdentity: '',
  leaseDurationSeconds: 1,
  renewTime: rfc3339Micro(now),
})

import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { noRequests } from '../../src/api/run-request.ts'
import { wait } from '../../src/environment/wait.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { create, read } from '../../src/kube/requests.ts'
import { requests } from '../../src/kube/resources.ts'
import type { Cluster } from './cluster.ts'
import { interactiveTimeoutMs } from './hooks.ts'

/** What somebody asks for by a ReceiverHookRequest, without who asks. */
export interface Ask {
  readonly hook: string
  readonly key?: string | undefined
  readonly dryRun?: true | undefined
  readonly body?: string | undefined
  readonly why?: string | undefined
}

/**
 * Makes a ReceiverHookRequest in the name of the user. Throws the API server's errors, and a CommandFailure where this
 * installation runs no requests.
 */
export const makeRequest = async (
  { api, namespace }: Pick<Cluster, 'api' | 'namespace'>,
  name: string,
  ask: Ask,
  user: string,
): Promise<StoredObject> => {
  try {
    const spec = { ...ask, by: { user } }
    return await create(api, requests, namespace, { apiVersion, kind: requestKind, metadata: { name }, spec })
  } catch (error) {
    if (!isStatus(error, 404)) throw error
    throw new CommandFailure(noRequests, 3)
  }
}

/** Returns a new name for a request. */
export const requestName = (hook: string, random: Shell['random']): string =>
  `${hook.slice(0, 100).replace(/[.-]+$/, '')}-${Buffer.from(random.bytes(4)).toString('hex')}`

/** Returns the name by which the API server knows the user. */
export const whoAmI = async (api: Cluster['api']): Promise<string> => {
  const { body } = await api.request({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
    lane: 'bulk',
    timeoutMs: interactiveTimeoutMs,
  })
  const user = stringAt(tryParseJson(body), 'status', 'userInfo', 'username')
  if (user === undefined) throw new CommandFailure('the API server does not say who you are: kubectl auth whoami', 3)
  return user
}

/** A request that somebody waits for. `show` gets what its answer says meanwhile. */
interface Look {
  readonly cluster: Pick<Cluster, 'api' | 'namespace'>
  readonly name: string
  readonly show?: (text: string) => void
}

/** Reads a request until `holds`, and resolves with it. Resolves with undefined once it is `end`, or the user has stopped. */
export const requestUntil = async (
  { cluster: { api, namespace }, name, show }: Look,
  { clock, stop }: Pick<Shell, 'clock' | 'stop'>,
  everyMs: number,
  end: number,
  holds: (request: StoredObject) => boolean,
): Promise<StoredObject | undefined> => {
  for (; !stop.aborted; await wait(clock, everyMs, stop)) {
    const found = await read(api, requests, namespace, name)
    if (!found) throw new CommandFailure(`${requestKind}/${name} was deleted: it may have run`, 4)
    if (holds(found)) return found
    if (clock.monotonic() >= end) return undefined
    show?.(saidIn(at(found, 'status', 'answer')) ?? 'waiting for a trigger')
  }
  return undefined
}

/** Returns how far that is what a request began, or else what it did. */
export const saidIn = (answer: unknown): string | undefined =>
  stringAt(answer, 'stateMessage') ?? stringAt(answer, 'message')

const badStates: ReadonlySet<unknown> = new Set(['stalled', 'failed', 'replaced'])

/** Returns whether what was asked for has happened, or was so already, as far as that is known. */
export const isGood = (request: StoredObject): boolean => {
  const answer = at(request, 'status', 'answer')
  const isOk = Number(at(answer, 'status')) < 300 && at(answer, 'outcome') !== 'skipped'
  return isOk && !badStates.has(at(answer, 'state'))
}

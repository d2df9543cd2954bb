import type { MayContinue } from '../../acts/acts.ts'
import { isStoredObject, type StoredObject } from '../../api/object.ts'
import { tryParseJson } from '../../api/json.ts'
import type { Change } from '../../api/outcome.ts'
import type { ApiConnection, ApiResponse, Clock } from '../../environment/environment.ts'
import { Unreachable } from '../../environment/unreachable.ts'
import { waitAfter } from '../../environment/backoff.ts'
import { wait } from '../../environment/wait.ts'
import { ApiError, isRefusal } from '../../kube/errors.ts'
import { objectPath } from '../../kube/paths.ts'
import { bytesOf, chargedOnce, forbiddenTries, type Charge } from '../../kube/written.ts'
import { tryAgain } from '../patient.ts'
import type { Mark } from './evidence.ts'
import type { RolloutPlan } from './plan.ts'
import { rolloutManager } from './rollback.ts'
import { rolloutRequestMs, type FoundWorkload } from './workloads.ts'

/** How often in a row a workload is read again at once after another writer was faster. */
const maxConflicts = 8

/** The result of one workload. */
export type Rolled =
  /** The change is stored, now or at an earlier attempt. */
  | { readonly rolled: 'out'; readonly changes: readonly Change[]; readonly marks: ReadonlySet<Mark> }
  /** Nothing had to be written. `left` says why; it is empty if no container matches the push. */
  | ({ readonly rolled: 'nothing' } & Pick<RolloutPlan, 'left' | 'marks' | 'pods'>)
  /** The workload was deleted, or replaced by another one of the same name. */
  | { readonly rolled: 'gone' }
  /**
   * The API server refused the change or the read before it, or the workload is too large. Nothing
   * was written.
   */
  | { readonly rolled: 'refused'; readonly forbidden: boolean; readonly message: string }
  /** There was no time for the change. `mayBeStored`: a request for it may have arrived, or may arrive yet. */
  | { readonly rolled: 'left'; readonly mayBeStored: boolean }

/**
 * Plans the change of a version of the workload. `unsure` is the version for which the plan before was
 * sent, if its answer was lost.
 */
type Plan = (object: StoredObject, unsure: StoredObject | undefined) => RolloutPlan

/** What a rollout needs besides the workload and the plan. */
interface Deps {
  readonly api: ApiConnection
  readonly charge: Charge
  readonly clock: Clock
  readonly namespace: string
  readonly mayContinue: MayContinue
}

/**
 * Writes the plan for a workload. The plan is computed again for each version, and shows whether it
 * is already stored. So a lost answer, a copy of the delivery, and a change by another writer need
 * no separate code.
 */
export const rollOut = async (
  { bytes: foundBytes, object: first, workloads }: FoundWorkload,
  plan: Plan,
  { api, charge, clock, mayContinue, namespace }: Deps,
): Promise<Rolled> => {
  const path = objectPath(workloads.type, namespace, first.metadata.name)
  const request = { lane: 'act', timeoutMs: rolloutRequestMs, path } as const
  const readAgain = async (): Promise<Seen | undefined> => {
    const answer = answerIn(await ask(api, { ...request, method: 'GET' }))
    if (answer?.status === 404) return { ended: { rolled: 'gone' } }
    const refusal = refusalIn(answer, 'reading the workload')
    if (refusal && mayPass(refusal)) return undefined
    if (refusal) return { ended: refused(refusal) }
    if (answer?.status === 200 && answer.tooLarge) return { ended: tooLarge }
    const object = answer?.status === 200 ? objectIn(answer) : undefined
    if (object) bytes = bytesOf(answer?.body)
    return object && { object }
  }
  let forbidden = 0
  /** Returns whether a refusal may pass by itself: an API server that has just started refuses everybody. */
  const mayPass = ({ status }: ApiError): boolean => status === 403 && ++forbidden < forbiddenTries
  let bytes = foundBytes
  let paid = chargedOnce(charge)
  let paidFor = ''
  /** The changes that were sent and may be stored. */
  let sent: readonly Change[] = []
  let unsure: StoredObject | undefined
  let mayHaveArrived = false
  let seen: Seen | undefined = { object: first }
  let retries = 0
  let conflicts = 0
  while (await mayContinue()) {
    const isRead = seen === undefined
    seen ??= await readAgain()
    if (seen && 'ended' in seen) return seen.ended
    // The read may have taken seconds.
    if (isRead && !(await mayContinue())) break
    if (seen) {
      const { object } = seen
      if (object.metadata.uid !== first.metadata.uid) return { rolled: 'gone' }
      const { changes, left, marks, patch, pods } = plan(object, unsure)
      if (patch.length === 0) {
        return sent.length > 0 && left.has('done before')
          ? { rolled: 'out', changes: sent, marks }
          : { rolled: 'nothing', left, marks, pods }
      }
      const body = JSON.stringify(patch)
      if (body !== paidFor) paid = chargedOnce(charge)
      paidFor = body
      const tried = await ask(api, {
        ...request,
        method: 'PATCH',
        contentType: 'application/json-patch+json',
        query: { fieldManager: rolloutManager },
        body,
      })
      const answer = answerIn(tried)
      const refusal = refusalIn(answer, 'changing the workload')
      if (answer?.status === 200) paid(Math.max(bytesOf(body), bytesOf(answer.body)))
      else if (!refusal && mayBeStored(tried)) {
        mayHaveArrived = true
        paid(Math.max(bytesOf(body), bytes))
      }
      if (answer?.status === 200) return { rolled: 'out', changes, marks }
      // The status is also 422 if the version differs, because a test in the patch then fails.
      if (refusal && refusal.status !== 422 && !mayPass(refusal)) return refused(refusal)
      if (answer?.status === 404) return { rolled: 'gone' }
      seen = undefined
      // Another writer was faster. The new version is read at once.
      const wasFaster = answer?.status === 409 || refusal?.status === 422
      if (refusal?.status === 422) {
        seen = await readAgain()
        const isSame = seen && 'object' in seen && isSameVersion(seen.object, object)
        if (isSame) return refused(refusal)
      }
      if (wasFaster && ++conflicts < maxConflicts) continue
      conflicts = 0
      if (!refusal && !wasFaster) {
        sent = changes
        unsure = object
      }
    }
    await wait(clock, waitAfter(tryAgain, retries++))
  }
  return { rolled: 'left', mayBeStored: mayHaveArrived }
}

/** The result of a workload that is too large to be read. */
export const tooLarge: Rolled = {
  rolled: 'refused',
  forbidden: false,
  message: 'the workload is too large to be read: remove what is large in it, such as annotations',
}

type Seen = { readonly object: StoredObject } | { readonly ended: Rolled }

const isSameVersion = (one: StoredObject, other: StoredObject): boolean =>
  one.metadata.resourceVersion === other.metadata.resourceVersion

/** Returns the answer to a request, or why there is none. */
const ask = async (
  api: ApiConnection,
  request: Parameters<ApiConnection['request']>[0],
): Promise<ApiResponse | Unreachable> => {
  try {
    return await api.request(request)
  } catch (error) {
    if (error instanceof Unreachable) return error
    throw error
  }
}

const answerIn = (asked: ApiResponse | Unreachable): ApiResponse | undefined =>
  asked instanceof Unreachable ? undefined : asked

const mayBeStored = (asked: ApiResponse | Unreachable): boolean =>
  asked instanceof Unreachable ? asked.mayHaveArrived : asked.status >= 500

const objectIn = ({ body }: ApiResponse): StoredObject | undefined => {
  const object = tryParseJson(body)
  return isStoredObject(object) ? object : undefined
}

/** Returns the error of an answer that refuses the request until somebody changes something, or undefined. */
const refusalIn = (answer: ApiResponse | undefined, what: string): ApiError | undefined => {
  if (!answer || answer.status < 400) return undefined
  const error = new ApiError(answer, what)
  return isRefusal(error) ? error : undefined
}

const refused = ({ message, status }: ApiError): Rolled => ({ rolled: 'refused', forbidden: status === 403, message })

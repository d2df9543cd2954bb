import type { MayContinue } from '../../acts/acts.ts'
import type { StoredObject } from '../../api/object.ts'
import type { Change } from '../../api/outcome.ts'
import type { ApiConnection, Clock } from '../../environment/environment.ts'
import { waitAfter } from '../../environment/backoff.ts'
import { wait } from '../../environment/wait.ts'
import { isRefusal, readFailureOf } from '../../kube/errors.ts'
import { objectPath } from '../../kube/paths.ts'
import { readSized } from '../../kube/requests.ts'
import { bytesOf, chargedOnce, forbiddenTries, sendWrite, type Charge } from '../../kube/written.ts'
import { tryAgain } from '../patient.ts'
import type { Mark } from './evidence.ts'
import type { RolloutPlan } from './plan.ts'
import { rolloutManager } from './rollback.ts'
import { rolloutRequestMs, type FoundWorkload } from './workloads.ts'

/** How often in a row a workload is read again at once after another writer was faster. */
const maxConflicts = 8

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
  const { name } = first.metadata
  const limits = { lane: 'act', timeoutMs: rolloutRequestMs } as const
  const readAgain = async (): Promise<Seen | undefined> => {
    try {
      const found = await readSized(api, workloads.type, namespace, name, limits)
      if (!found) return { ended: { rolled: 'gone' } }
      bytes = found.bytes
      return found
    } catch (error) {
      const { failure, message } = readFailureOf(error)
      if (failure === 'too large') return { ended: tooLarge }
      if (!isRefusal(error) || mayPass(error)) return undefined
      return { ended: { rolled: 'refused', forbidden: failure === 'forbidden', message } }
    }
  }
  let forbidden = 0
  /** Returns whether a refusal may pass by itself: an API server that has just started refuses everybody. */
  const mayPass = ({ status }: { readonly status: number }): boolean => status === 403 && ++forbidden < forbiddenTries
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
      const written = await sendWrite(
        api,
        {
          method: 'PATCH',
          path: objectPath(workloads.type, namespace, name),
          contentType: 'application/json-patch+json',
          query: { fieldManager: rolloutManager },
          body,
          ...limits,
        },
        'changing the workload',
      )
      seen = undefined
      let wasFaster = false
      switch (written.sent) {
        case 'stored':
          paid(Math.max(bytesOf(body), bytesOf(written.response.body)))
          return { rolled: 'out', changes, marks }
        case 'missing':
          return { rolled: 'gone' }
        case 'refused': {
          const { message, status } = written
          const refused: Rolled = { rolled: 'refused', forbidden: status === 403, message }
          if (status !== 422 && !mayPass(written)) return refused
          // The status is also 422 if the version differs, because a test in the patch then fails.
          wasFaster = status === 422
          if (wasFaster) seen = await readAgain()
          if (seen && 'object' in seen && isSameVersion(seen.object, object)) return refused
          break
        }
        case 'conflict':
          wasFaster = true
          break
        case 'unknown':
          paid(Math.max(bytesOf(body), bytes))
          mayHaveArrived = true
          sent = changes
          unsure = object
          break
        case 'not sent':
      }
      // Another writer was faster. The new version is read at once.
      if (wasFaster && ++conflicts < maxConflicts) continue
      conflicts = 0
    }
    await wait(clock, waitAfter(tryAgain, retries++))
  }
  return { rolled: 'left', mayBeStored: mayHaveArrived }
}

/** The result of a workload that is too large to be read. */
export const tooLarge: Rolled = {
  rolled: 'refused',
  forbidden: false,
  message: 'the workload is too large to read: remove large parts of it, such as annotations',
}

type Seen = { readonly object: StoredObject } | { readonly ended: Rolled }

const isSameVersion = (one: StoredObject, other: StoredObject): boolean =>
  one.metadata.resourceVersion === other.metadata.resourceVersion

import { milliseconds } from '../api/duration.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { limitsOf, type LimitSpec } from '../api/limits-schema.ts'
import { reasons } from '../api/reasons.ts'
import type { CountedRun } from '../api/record.ts'
import type { HookStatus } from '../api/status.ts'
import { rfc3339 } from '../environment/time.ts'
import type { EmittedEvent } from '../kube/events.ts'
import { usedOf } from '../record/room.ts'
import { adviceOf, objectsOf, sentBy } from './events.ts'

/**
 * Returns how much of each limit is used at `now`, in milliseconds since the epoch, in the form of a
 * status. Undefined if the hook has no limit.
 */
export const limitsUsed = (
  specs: readonly LimitSpec[] | undefined,
  runs: readonly CountedRun[] = [],
  now: number,
): HookStatus['limits'] => {
  // A hook that is invalid by now counts nothing.
  if (specs?.every(({ within }) => milliseconds(within) !== undefined) !== true) return undefined
  return limitsOf(specs)?.map(limit => {
    const { by, most, within } = limit
    const { until, used } = usedOf(limit, runs, now)
    return {
      ...(most !== undefined && { most }),
      ...(by !== undefined && { by }),
      within,
      used,
      // Rounded up, so that it is less by then.
      ...(until !== undefined && { until: rfc3339(until + 999) }),
    }
  })
}

/**
 * Returns the Event for deliveries beyond a limit. Undefined if there are none among the newest, or if
 * the status shows some already.
 */
export const limitEvent = (
  hook: ReceiverHook,
  recent: NonNullable<HookStatus['recent']> = [],
): EmittedEvent | undefined => {
  const found = recent.find(isBeyond)
  if (!found || hook.status?.recent?.some(isBeyond) === true) return undefined
  const { means, todo } = reasons.LimitReached
  const note = `${found.message ?? means.replace(/\.$/, '')}${sentBy(found)}. ${adviceOf(todo)}`
  return { ...objectsOf(hook), type: 'Warning', reason: 'LimitReached', action: 'Deliver', note }
}

const isBeyond = ({ reason }: { readonly reason: string }): boolean => reason === 'LimitReached'

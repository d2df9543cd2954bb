import type { HookDetail, ListedHook, ServerRefusal } from '../../protocol.ts'

/** A hook, or why it could not be read. Undefined before the answer. */
export type Read = { readonly hook: HookDetail } | { readonly refusal: ServerRefusal } | undefined

/** How often the page of a hook reads it again, in milliseconds: its limits, windows and expiry depend on the time. */
const everyMs = 60_000

/**
 * Returns a text that changes when a hook has to be read again. So it does with each delivery, which
 * uses up limits, and with each change of a condition. `now` is in milliseconds since the epoch.
 */
export const readAgainKey = (key: string, row: ListedHook | undefined, now: number): string => {
  const { generation, last, leases, message, ready, reason, uid, url } = row ?? {}
  return JSON.stringify([
    key,
    uid,
    generation,
    ready,
    reason,
    message,
    url,
    leases,
    last?.time,
    Math.floor(now / everyMs),
  ])
}

/** Returns what is known of a hook after an answer. A failure that says nothing of the hook takes nothing away. */
export const readAfter = (before: Read, answer: Exclude<Read, undefined>): Read =>
  before !== undefined && 'hook' in before && 'refusal' in answer && answer.refusal.reason !== 'NotFound'
    ? before
    : answer

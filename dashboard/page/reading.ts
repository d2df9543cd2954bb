/** This file decides what is read again, and what is kept of what was read. */

import type { ListedHook, ServerAnswer } from '../protocol.ts'

/** Returns what is known after an answer. A failure takes nothing away, unless it says that the object is gone. */
export const keptAnswer = <T>(before: ServerAnswer<T> | undefined, answer: ServerAnswer<T>): ServerAnswer<T> =>
  before?.ok === true && !answer.ok && answer.refusal.reason !== 'NotFound' ? before : answer

/** How often the page of a hook reads it again, in milliseconds: its limits, windows and expiry depend on the time. */
const everyMs = 60_000

/**
 * Returns a text that changes when a hook has to be read again. So it does with each delivery, which
 * uses up limits, and with each change of a condition. `now` is in milliseconds since the epoch.
 */
export const readAgainKey = (key: string, row: ListedHook | undefined, now: number): string => {
  const { counts, generation, leases, message, ready, reason, uid, url } = row ?? {}
  return JSON.stringify([key, uid, generation, ready, reason, message, url, leases, counts, Math.floor(now / everyMs)])
}

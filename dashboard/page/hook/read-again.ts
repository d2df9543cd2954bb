import type { ListedHook } from '../../protocol.ts'

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

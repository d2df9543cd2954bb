/** This file converts times as Kubernetes writes them. Nothing in it reads a clock. */

/**
 * Returns a time in RFC 3339 with whole seconds, as in `metav1.Time`. `ms` is in milliseconds since
 * the epoch.
 */
export const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/**
 * Returns a time in RFC 3339 with microseconds, as in `metav1.MicroTime`. `ms` is in milliseconds
 * since the epoch.
 */
export const rfc3339Micro = (ms: number): string => `${new Date(Math.floor(ms)).toISOString().slice(0, -1)}000Z`

/** Returns how far the local clock is ahead of UTC at a moment, in minutes. */
const offsetAt = (ms: number): number => -new Date(ms).getTimezoneOffset()

/**
 * Returns an RFC 3339 time in local time, to the second and with its offset: `2026-11-27 19:00:12
 * +0100`. Any other text is returned unchanged.
 */
export const localTime = (text: string, offsetOf = offsetAt): string => {
  const ms = parseTime(text)
  if (Number.isNaN(ms)) return text
  const offset = offsetOf(ms)
  const two = (count: number): string => String(count).padStart(2, '0')
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  return `${rfc3339(ms + offset * 60_000)
    .slice(0, 19)
    .replace('T', ' ')} ${zone}`
}

/** Returns the milliseconds since the epoch of an RFC 3339 time; NaN for another text. */
export const parseTime = (text: string): number => Date.parse(text)

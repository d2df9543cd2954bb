/** Moments as Kubernetes writes them. Conversions only: nothing in here asks what time it is. */

/** RFC 3339 in whole seconds, as in `metav1.Time`. `ms` is in milliseconds since the epoch. */
export const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** RFC 3339 with six digits of a second, as in `metav1.MicroTime`. */
export const rfc3339Micro = (ms: number): string => `${new Date(Math.floor(ms)).toISOString().slice(0, -1)}000Z`

/** Where a person's clock is ahead of UTC at a moment, in minutes. */
const offsetAt = (ms: number): number => -new Date(ms).getTimezoneOffset()

/**
 * An RFC 3339 moment as a clock on the wall shows it, to the second and with what that clock is ahead of UTC:
 * `2026-11-27 19:00:12 +0100`. What is no moment stays as it is.
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

/** Milliseconds since the epoch of an RFC 3339 moment; NaN for anything else. */
export const parseTime = (text: string): number => Date.parse(text)

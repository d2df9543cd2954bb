/** Moments as Kubernetes writes them. Conversions only: nothing in here asks what time it is. */

/** RFC 3339 in whole seconds, as in `metav1.Time`. `ms` is in milliseconds since the epoch. */
export const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** RFC 3339 with six digits of a second, as in `metav1.MicroTime`. */
export const rfc3339Micro = (ms: number): string => {
  const at = Math.floor(ms / 1000)
  // Each line of the log has such a moment, and many are of one second.
  if (at !== lastSecond.at) lastSecond = { at, text: rfc3339(ms).slice(0, -1) }
  return `${lastSecond.text}.${String(Math.floor(ms) - at * 1000).padStart(3, '0')}000Z`
}

let lastSecond = { at: NaN, text: '' }

/** Milliseconds since the epoch of an RFC 3339 moment; NaN for anything else. */
export const parseTime = (text: string): number => Date.parse(text)

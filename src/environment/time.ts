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

/** Returns the milliseconds since the epoch of an RFC 3339 time; NaN for another text. */
export const parseTime = (text: string): number => Date.parse(text)

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'narrow' })

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** Returns the distance of an RFC 3339 time from now, such as `2m ago`. Empty for another text. */
export const ago = (time: string, now: number): string => {
  const seconds = Math.round((Date.parse(time) - now) / 1000)
  if (!Number.isFinite(seconds)) return ''
  if (Math.abs(seconds) < 5) return 'just now'
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[3]
  return relative.format(Math.trunc(seconds / length), unit)
}

/** Returns a duration in words, such as `4 min`. */
export const lasting = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}

const dated = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

/** Returns date and time in the reader's time zone. */
export const dateText = (ms: number): string => (Number.isFinite(ms) ? dated.format(ms) : '')

/** Returns date and time of an RFC 3339 time, in the reader's time zone. Empty for another text. */
export const dateOf = (time: string): string => dateText(Date.parse(time))

/**
 * Returns an RFC 3339 time to the second, in the reader's time zone, and names that zone. Empty for
 * another text.
 */
export const exactText = (time: string): string => {
  const ms = Date.parse(time)
  return Number.isFinite(ms) ? exact.format(ms) : ''
}

/** Returns an RFC 3339 time in milliseconds since the epoch. */
export const parsedTime = (time: string): number => Date.parse(time)

export const dayMs = 86_400_000

/** Returns a time as RFC 3339 in UTC. Texts of this form sort by time. */
export const momentText = (ms: number): string => new Date(ms).toISOString()

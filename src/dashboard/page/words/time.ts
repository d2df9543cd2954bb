const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'narrow' })

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** How long ago an RFC 3339 moment was, or how far ahead it is: `2m ago`. Empty for what is no moment. */
export const ago = (time: string, now: number): string => {
  const seconds = Math.round((Date.parse(time) - now) / 1000)
  if (!Number.isFinite(seconds)) return ''
  if (Math.abs(seconds) < 5) return 'just now'
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[3]
  return relative.format(Math.trunc(seconds / length), unit)
}

/** A length of time in words: `4 min`. */
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

/** The day and the time of a moment, in the reader's own zone. */
export const dateText = (ms: number): string => (Number.isFinite(ms) ? dated.format(ms) : '')

/** The same of an RFC 3339 moment. Empty for what is no moment. */
export const dateOf = (time: string): string => dateText(Date.parse(time))

/** An RFC 3339 moment to the second and with the zone. */
export const exactText = (time: string): string => {
  const ms = Date.parse(time)
  return Number.isFinite(ms) ? exact.format(ms) : ''
}

export const dayMs = 86_400_000

/** A moment as RFC 3339 in UTC: such texts compare as the moments do. */
export const momentText = (ms: number): string => new Date(ms).toISOString()

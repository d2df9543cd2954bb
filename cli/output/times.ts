import { parseTime, rfc3339 } from '../../src/environment/time.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/**
 * Returns a duration as kubectl's column AGE shows it, more precisely if it is short: `85s`,
 * `2m13s`, `5h`, `3d4h`. `ms` is in milliseconds.
 */
export const humanDuration = (ms: number): string => {
  const whole = (unit: number): number => Math.floor(ms / unit)
  const two = (unit: number, name: string, smaller: number, smallerName: string): string => {
    const rest = Math.floor((ms % unit) / smaller)
    return rest === 0 ? `${whole(unit)}${name}` : `${whole(unit)}${name}${rest}${smallerName}`
  }
  if (ms < -second) return '<invalid>'
  if (ms < 0) return '0s'
  if (ms < 2 * minute) return `${whole(second)}s`
  if (ms < 10 * minute) return two(minute, 'm', second, 's')
  if (ms < 3 * hour) return `${whole(minute)}m`
  if (ms < 8 * hour) return two(hour, 'h', minute, 'm')
  if (ms < 2 * day) return `${whole(hour)}h`
  if (ms < 8 * day) return two(day, 'd', hour, 'h')
  if (ms < 2 * year) return `${whole(day)}d`
  if (ms < 8 * year) return two(year, 'y', day, 'd')
  return `${whole(year)}y`
}

/**
 * Returns how long ago an RFC 3339 time was, for a table: `<unknown>` if `moment` is undefined or
 * no time. `now` is in milliseconds since the epoch.
 */
export const age = (moment: string | undefined, now: number): string => {
  const since = moment === undefined ? Number.NaN : parseTime(moment)
  return Number.isNaN(since) ? '<unknown>' : humanDuration(now - since)
}

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

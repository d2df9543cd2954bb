import { parseTime } from './time.ts'

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

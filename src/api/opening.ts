/**
 * When the `windows` of a hook are open. All functions are pure: the offset of the zone is passed
 * in, and a moment is in milliseconds since the epoch.
 *
 * A clock on the wall decides at each moment alone:
 * - If clocks skip the beginning of a window, the window opens at the jump. If they skip all of it,
 *   it is not open on that day.
 * - If clocks go back, a window in the repeated hour is open twice.
 */

import { rfc3339 } from '../environment/time.ts'
import { momentIn, weekdays, type WindowsSpec } from './windows.ts'

/** Returns how far the clocks of the zone are ahead of UTC at a moment, in milliseconds. */
export type OffsetAt = (ms: number) => number

/** The windows of a hook in numbers. */
export interface Timetable {
  readonly zone: string
  /** Undefined: it is open at all times that are not excepted. */
  readonly open: readonly OpenTime[] | undefined
  readonly except: readonly Closure[]
}

/** A time of a week. If `to` is not after `from`, it ends on the next day. */
interface OpenTime {
  /** Whether it opens on a day. Monday is the first. */
  readonly days: readonly boolean[]
  /** In milliseconds since the beginning of the day. */
  readonly from: number
  readonly to: number
}

interface Closure {
  readonly from: number
  readonly to: number
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** Returns the timetable of windows that their schema accepts. */
export const timetableOf = ({ except = [], open, zone }: WindowsSpec): Timetable => ({
  zone,
  open: open?.map(({ days, from = '00:00', to = '24:00' }) => ({
    days: weekdays.map(day => days?.includes(day) ?? true),
    from: sinceMidnight(from),
    to: sinceMidnight(to),
  })),
  except: except.map(({ from, to }) => ({ from: momentIn(from) ?? 0, to: momentIn(to) ?? 0 })),
})

const sinceMidnight = (time: string): number => (Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))) * minuteMs

/** Returns whether posts count at a moment. */
export const isOpen = ({ except, open }: Timetable, ms: number, offsetAt: OffsetAt): boolean =>
  !except.some(({ from, to }) => from <= ms && ms < to) &&
  (open === undefined || open.some(time => isWithin(time, wallClock(ms, offsetAt))))

/** What a clock on the wall shows. */
interface WallClock {
  /** The number of the day of the week. Monday is 0. */
  readonly day: number
  /** In milliseconds since the beginning of the day. */
  readonly time: number
}

const wallClock = (ms: number, offsetAt: OffsetAt): WallClock => {
  const wall = ms + offsetAt(ms)
  const days = Math.floor(wall / dayMs)
  // The first day of the epoch was a Thursday.
  return { day: (((days + 3) % 7) + 7) % 7, time: wall - days * dayMs }
}

const isWithin = ({ days, from, to }: OpenTime, { day, time }: WallClock): boolean => {
  const opensToday = days[day] === true
  if (from < to) return opensToday && from <= time && time < to
  return (opensToday && from <= time) || (days[(day + 6) % 7] === true && time < to)
}

/**
 * The maximum number of steps of a search. Each exception takes one, and after each one a time of
 * the week is found within nine.
 */
const maxSteps = 400

/**
 * Returns the first moment, not before `ms`, at which posts count. Undefined if none is found in
 * the next months, apart from the exceptions.
 */
export const nextOpening = (timetable: Timetable, ms: number, offsetAt: OffsetAt): number | undefined => {
  let at = ms
  for (let step = 0; step < maxSteps; step++) {
    if (isOpen(timetable, at, offsetAt)) return at
    const now = at
    const closure = timetable.except.find(({ from, to }) => from <= now && now < to)
    at = closure?.to ?? nextChange(timetable.open ?? [], at, offsetAt)
  }
  return undefined
}

/**
 * Returns the next moment at which one of the times may open, at most a day later. A time may open
 * when a clock on the wall shows its beginning, or when the clock is set to another time.
 */
const nextChange = (open: readonly OpenTime[], ms: number, offsetAt: OffsetAt): number => {
  const { time } = wallClock(ms, offsetAt)
  const waits = open.map(({ from }) => (from > time ? from - time : from - time + dayMs))
  const next = ms + Math.min(dayMs, ...waits)
  const offset = offsetAt(ms)
  return offsetAt(next) === offset ? next : firstAtOtherOffset(offset, ms, next, offsetAt)
}

/**
 * Returns the first moment after `before` with another offset. `after` must have one. Zones change
 * their offset at most once within a day.
 */
const firstAtOtherOffset = (offset: number, before: number, after: number, offsetAt: OffsetAt): number => {
  let [low, high] = [before, after]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle) === offset) low = middle
    else high = middle
  }
  return high
}

/** That a hook is closed, in words, and when it opens if that is known. */
export interface ClosedUntil {
  /** Such as `closed until Mon 2026-11-30 08:00 in Europe/Berlin`. */
  readonly text: string
  /** In RFC 3339. */
  readonly opensAt?: string
}

/** The time zones that a process knows. */
export interface KnownZones {
  offsetAt(zone: string, ms: number): number | undefined
}

/** Returns that a timetable is closed at a moment, or undefined if posts count. */
export const closedAt = (timetable: Timetable, ms: number, zones: KnownZones): ClosedUntil | undefined => {
  const offsetAt: OffsetAt = moment => zones.offsetAt(timetable.zone, moment) ?? 0
  const opens = nextOpening(timetable, ms, offsetAt)
  if (opens === ms) return undefined
  return opens === undefined
    ? { text: 'closed' }
    : { text: `closed until ${onTheWall(timetable, opens, offsetAt)}`, opensAt: rfc3339(opens) }
}

/**
 * Returns that windows are closed now, for a person who reads the hook. Undefined if they are open,
 * or if the zone is unknown.
 */
export const closedNow = (windows: WindowsSpec, now: number, zones: KnownZones): ClosedUntil | undefined =>
  zones.offsetAt(windows.zone, now) === undefined ? undefined : closedAt(timetableOf(windows), now, zones)

/** Returns a moment as a clock on the wall shows it, such as `Mon 2026-11-30 08:00 in Asia/Tokyo`. */
export const onTheWall = ({ zone }: Timetable, ms: number, offsetAt: OffsetAt): string => {
  const [date = '', time = ''] = rfc3339(ms + offsetAt(ms)).split('T')
  return `${weekdays[wallClock(ms, offsetAt).day] ?? ''} ${date} ${time.slice(0, 5)} in ${zone}`
}

/** Returns the message about a zone that is not in the time zone database. */
export const unknownZone = (zone: string): string =>
  `spec.windows.zone: there is no time zone ${zone} in this version's time zone database`

/** Returns the windows in words, such as `Mon to Fri 08:00 to 18:00 in Europe/Berlin`. */
export const windowsInWords = ({ except = [], open, zone }: WindowsSpec): string => {
  const times = open?.map(
    ({ days, from = '00:00', to = '24:00' }) =>
      `${daysInWords(days ?? weekdays)}${from === '00:00' && to === '24:00' ? '' : ` ${from} to ${to}`}`,
  )
  const week = times === undefined ? 'at all times' : `${times.join(', ')} in ${zone}`
  return except.length === 0 ? week : `${week}, except ${except.map(exceptInWords).join('; ')}`
}

const exceptInWords = ({ from, reason, to }: NonNullable<WindowsSpec['except']>[number]): string =>
  `${from} to ${to}${reason === undefined ? '' : ` (${reason})`}`

/** Returns days in words. Three or more in a row are written as a range. */
const daysInWords = (days: readonly string[]): string => {
  const runs: string[][] = []
  for (const [index, day] of weekdays.entries()) {
    if (!days.includes(day)) continue
    const run = runs.at(-1)
    if (run !== undefined && run.at(-1) === weekdays[index - 1]) run.push(day)
    else runs.push([day])
  }
  if (runs[0]?.length === weekdays.length) return 'every day'
  return runs.map(run => (run.length > 2 ? `${run[0]} to ${run.at(-1)}` : run.join(', '))).join(', ')
}

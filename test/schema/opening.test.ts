import { describe, expect, it } from 'vitest'
import { isOpen, nextOpening, onTheWall, timetableOf, windowsInWords } from '../../src/api/opening.ts'
import { weekdays, type WindowsSpec } from '../../src/api/windows.ts'
import { Zones } from '../../src/environment/zones.ts'
import { fc, property } from '../support/property.ts'

const zones = new Zones()
const offsetIn =
  (zone: string) =>
  (ms: number): number => {
    const offset = zones.offsetAt(zone, ms)
    if (offset === undefined) throw new Error(`Node does not know ${zone}`)
    return offset
  }

const isOpenAt = (windows: WindowsSpec, moment: string): boolean =>
  isOpen(timetableOf(windows), Date.parse(moment), offsetIn(windows.zone))

const opensAt = (windows: WindowsSpec, moment: string): string | undefined => {
  const next = nextOpening(timetableOf(windows), Date.parse(moment), offsetIn(windows.zone))
  return next === undefined ? undefined : new Date(next).toISOString().replace('.000', '')
}

const week = {
  zone: 'Europe/Berlin',
  open: [{ days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'], from: '08:00', to: '18:00' }],
} as const
const night = { zone: 'Europe/Berlin', open: [{ days: ['Fri'], from: '22:00', to: '06:00' }] } as const
const weekend = { zone: 'UTC', open: [{ days: ['Sat', 'Sun'] }] } as const
const freeze = { zone: 'UTC', except: [{ from: '2026-12-20T00:00:00+01:00', to: '2027-01-03T00:00:00Z' }] } as const
const early = { zone: 'Europe/Berlin', open: [{ from: '02:30', to: '05:00' }] } as const
const missing = { zone: 'Europe/Berlin', open: [{ from: '02:10', to: '02:50' }] } as const

describe('windows', () => {
  it.each([
    ['on a Monday before it opens', week, '2026-11-30T06:59:59Z', '2026-11-30T07:00:00Z'],
    ['on a Friday when it closes', week, '2026-11-27T17:00:00Z', '2026-11-30T07:00:00Z'],
    ['over the change to summer time', week, '2026-03-27T17:30:00Z', '2026-03-30T06:00:00Z'],
    ['in the morning after the night', night, '2026-11-28T05:00:00Z', '2026-12-04T21:00:00Z'],
    ['on a day of the week', weekend, '2026-11-30T00:00:00Z', '2026-12-05T00:00:00Z'],
    ['in a freeze', freeze, '2026-12-19T23:00:00Z', '2027-01-03T00:00:00Z'],
    ['where the hour of the opening is missing', early, '2026-03-28T23:30:00Z', '2026-03-29T01:00:00Z'],
    ['where the whole window is missing', missing, '2026-03-28T23:30:00Z', '2026-03-30T00:10:00Z'],
    ['where the hour comes twice, between the two', early, '2026-10-25T01:00:00Z', '2026-10-25T01:30:00Z'],
    ['where the whole window comes twice', missing, '2026-10-25T00:50:00Z', '2026-10-25T01:10:00Z'],
  ])('are closed %s', (_, windows, moment, next) => {
    expect(isOpenAt(windows, moment)).toBe(false)
    expect(opensAt(windows, moment)).toBe(next)
  })

  it.each([
    ['on a Monday when it opens', week, '2026-11-30T07:00:00Z'],
    ['on a Friday at the last second', week, '2026-11-27T16:59:59Z'],
    ['at night', night, '2026-11-27T22:00:00Z'],
    ['in the morning of the next day', night, '2026-11-28T04:59:59Z'],
    ['on a whole day', weekend, '2026-11-29T23:59:59Z'],
    ['before a freeze', freeze, '2026-12-19T22:59:59Z'],
    ['at the end of a freeze', freeze, '2027-01-03T00:00:00Z'],
    ['when clocks jump over the opening', early, '2026-03-29T01:00:00Z'],
    ['in the first of two equal hours', early, '2026-10-25T00:30:00Z'],
    ['in the second of two equal hours', early, '2026-10-25T01:30:00Z'],
  ])('are open %s', (_, windows, moment) => {
    expect(isOpenAt(windows, moment)).toBe(true)
    expect(opensAt(windows, moment)).toBe(moment)
  })

  it('that no time follows have no next opening', () => {
    const never = timetableOf({ zone: 'UTC', open: [] })
    expect(nextOpening(never, 0, () => 0)).toBeUndefined()
  })

  it.each([
    ['Mon to Fri 08:00 to 18:00 in Europe/Berlin', week],
    ['Fri 22:00 to 06:00 in Europe/Berlin', night],
    ['Sat, Sun in UTC', weekend],
    ['every day 02:30 to 05:00 in Europe/Berlin', early],
    [
      'Mon, Wed to Sun in UTC',
      { zone: 'UTC', open: [{ days: ['Sun', 'Wed', 'Thu', 'Fri', 'Sat', 'Mon'] }] } satisfies WindowsSpec,
    ],
    ['at all times, except 2026-12-20T00:00:00+01:00 to 2027-01-03T00:00:00Z', freeze],
    [
      'every day 08:00 to 24:00 in UTC, except 2026-12-20T00:00:00Z to 2026-12-21T00:00:00Z (stocktaking)',
      {
        zone: 'UTC',
        open: [{ from: '08:00' }],
        except: [{ from: '2026-12-20T00:00:00Z', to: '2026-12-21T00:00:00Z', reason: 'stocktaking' }],
      } satisfies WindowsSpec,
    ],
  ])('read as "%s"', (words, windows) => {
    expect(windowsInWords(windows)).toBe(words)
  })

  it('say a moment as a clock in the zone shows it', () => {
    const offsetAt = offsetIn('Asia/Tokyo')
    const table = timetableOf({ zone: 'Asia/Tokyo' })
    expect(onTheWall(table, Date.parse('2026-11-29T23:00:00Z'), offsetAt)).toBe('Mon 2026-11-30 08:00 in Asia/Tokyo')
  })
})

const stepMs = 15 * 60_000
const quarter = fc.integer({ min: 0, max: 95 }).map(n => new Date(n * stepMs).toISOString().slice(11, 16))
const openTime = fc
  .record({ days: fc.subarray([...weekdays], { minLength: 1 }), from: quarter, to: quarter })
  .filter(({ from, to }) => from !== to)
/** Moments around the changes of the clocks in spring and autumn, in both hemispheres, on a quarter of an hour. */
const moment = fc
  .tuple(
    fc.constantFrom(...['2026-03-06', '2026-03-27', '2026-04-03', '2026-10-02', '2026-10-23']),
    fc.integer({ min: 0, max: 400 }),
  )
  .map(([day, steps]) => Date.parse(`${day}T00:00:00Z`) + steps * stepMs)
const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC')

const tried = fc.record({ zone, open: fc.array(openTime, { minLength: 1, maxLength: 3 }), at: moment })

describe('the next opening', () => {
  property(
    'is the first moment that is open, of all that follow',
    [tried, fc.nat({ max: 200 })],
    ({ at, open, zone }, closedFor) => {
      const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
      const except = closedFor === 0 ? [] : [{ from: iso(at), to: iso(at + closedFor * stepMs) }]
      const table = timetableOf({ zone, open, except })
      let first = at
      // All changes of these zones and windows are on a quarter of an hour.
      while (!isOpen(table, first, offsetIn(zone))) first += stepMs
      expect(nextOpening(table, at, offsetIn(zone))).toBe(first)
    },
    300,
  )
})

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { isOpen, nextOpening, timetableOf } from '../../src/api/opening.ts'
import { Zones } from '../../src/environment/zones.ts'

/** What Python says of a zone: see table.py. */
interface ZoneOfPython {
  readonly zone: string
  readonly offsets: readonly (readonly [seconds: number, offset: number])[]
  readonly open: readonly (readonly [seconds: number, digits: string])[]
}

const isPairOf =
  (type: 'number' | 'string') =>
  (pair: unknown): boolean =>
    Array.isArray(pair) && typeof pair[0] === 'number' && typeof pair[1] === type

const isZone = (line: unknown): line is ZoneOfPython => {
  const [offsets, open] = [at(line, 'offsets'), at(line, 'open')]
  return (
    isObject(line) &&
    stringAt(line, 'zone') !== undefined &&
    Array.isArray(offsets) &&
    offsets.every(isPairOf('number')) &&
    Array.isArray(open) &&
    open.every(isPairOf('string'))
  )
}

/**
 * The table of Python: a sample of it, or with ZONES=all that of every zone over ten years, which takes python3 with a time zone
 * database of its own.
 */
const isAll = process.env['ZONES'] === 'all'
const table = isAll
  ? execFileSync('python3', ['test/schema/zones/table.py', '2026', '2035'], { encoding: 'utf8', maxBuffer: 2 ** 30 })
  : readFileSync('test/schema/zones/sample.jsonl', 'utf8')

const ofPython = table.trim().split('\n').map(parseJson).filter(isZone)
const zones = new Zones()

/** Returns the same windows as in table.py. */
const windowsIn = (zone: string) =>
  timetableOf({
    zone,
    open: [
      { days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'], from: '08:00', to: '18:00' },
      { days: ['Sat', 'Sun'], from: '01:30', to: '02:45' },
      { days: ['Sun'], from: '22:00', to: '02:15' },
    ],
  })

const stepMs = 900_000

const offsetIn =
  (zone: string) =>
  (ms: number): number =>
    zones.offsetAt(zone, ms) ?? NaN

const hasSameOffsets = ({ offsets, zone }: ZoneOfPython): boolean =>
  offsets.every(([seconds, offset]) => offsetIn(zone)(seconds * 1000) === offset * 1000)

const differencesIn = ({ open, zone }: ZoneOfPython): readonly string[] => {
  const offsetAt = offsetIn(zone)
  const timetable = windowsIn(zone)
  return open.flatMap(([seconds, digits]) =>
    digits.split('').flatMap((digit, index) => {
      const ms = seconds * 1000 + index * stepMs
      const next = digits.indexOf('1', index)
      const isSame =
        isOpen(timetable, ms, offsetAt) === (digit === '1') &&
        (next < 0 || nextOpening(timetable, ms, offsetAt) === ms + (next - index) * stepMs)
      return isSame ? [] : [`${zone} at ${new Date(ms).toISOString()}`]
    }),
  )
}

it('offsets are those of a second database, of another date for all zones, in which a few may have changed', () => {
  const others = ofPython.filter(zone => !hasSameOffsets(zone)).map(({ zone }) => zone)
  expect(ofPython.length).toBeGreaterThanOrEqual(isAll ? 500 : 8)
  if (isAll) console.log(`tz ${process.versions['tz'] ?? ''} of Node differs in: ${others.join(', ') || 'no zone'}`)
  expect(isAll && others.length < ofPython.length / 20 ? [] : others).toEqual([])
})

it('open windows and next openings are those of a second implementation, around each change of the clocks', () => {
  const same = ofPython.filter(hasSameOffsets)
  expect(same.flatMap(({ open }) => open).length).toBeGreaterThan(20)
  expect(same.flatMap(differencesIn)).toEqual([])
})

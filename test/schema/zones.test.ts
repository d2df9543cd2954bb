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
const table =
  process.env['ZONES'] === 'all'
    ? execFileSync('python3', ['test/schema/zones/table.py', '2026', '2035'], { encoding: 'utf8', maxBuffer: 2 ** 30 })
    : readFileSync('test/schema/zones/sample.jsonl', 'utf8')

const ofPython = table.trim().split('\n').map(parseJson).filter(isZone)
const zones = new Zones()

/** The same as in table.py. */
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

const differencesIn = ({ offsets, open, zone }: ZoneOfPython): readonly string[] => {
  if (zones.offsetAt(zone, 0) === undefined) return [`${zone}: Node does not know it`]
  const offsetAt = (ms: number): number => zones.offsetAt(zone, ms) ?? 0
  const timetable = windowsIn(zone)
  const iso = (ms: number): string => new Date(ms).toISOString()
  return [
    ...offsets
      .filter(([seconds, offset]) => offsetAt(seconds * 1000) !== offset * 1000)
      .map(([seconds]) => `${zone}: the offset at ${iso(seconds * 1000)}`),
    ...open.flatMap(([seconds, digits]) =>
      digits.split('').flatMap((digit, index) => {
        const ms = seconds * 1000 + index * stepMs
        const next = digits.indexOf('1', index)
        const isSame =
          isOpen(timetable, ms, offsetAt) === (digit === '1') &&
          (next < 0 || nextOpening(timetable, ms, offsetAt) === ms + (next - index) * stepMs)
        return isSame ? [] : [`${zone}: what is open at ${iso(ms)}`]
      }),
    ),
  ]
}

it('offsets, open windows and next openings are those of a second implementation, around each change of the clocks', () => {
  expect(ofPython.length).toBeGreaterThanOrEqual(8)
  expect(ofPython.flatMap(({ open }) => open).length).toBeGreaterThan(20)
  expect(ofPython.flatMap(differencesIn)).toEqual([])
})

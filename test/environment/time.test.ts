import { expect, it } from 'vitest'
import { rfc3339, rfc3339Micro } from '../../src/environment/time.ts'
import { localTime } from '../../cli/output/times.ts'
import { fc, property } from '../support/property.ts'

const moments = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })

property('moments are written as Kubernetes writes them', [moments], ms => {
  const text = new Date(ms).toISOString()
  expect(rfc3339Micro(ms)).toBe(text.replace('Z', '000Z'))
  expect(rfc3339(ms)).toBe(text.replace(/\.\d+Z/, 'Z'))
})

it.each([
  ['2026-11-27T18:00:12Z', 60, '2026-11-27 19:00:12 +0100'],
  ['2026-11-27T18:00:12.345Z', -210, '2026-11-27 14:30:12 -0330'],
  ['2026-11-27T23:30:00Z', 0, '2026-11-27 23:30:00 +0000'],
  ['2026-12-31T23:30:00Z', 330, '2027-01-01 05:00:00 +0530'],
  ['never', 0, 'never'],
])('%s is, %i minutes ahead of UTC, %s', (moment, ahead, text) => {
  expect(localTime(moment, () => ahead)).toBe(text)
})

import { expect } from 'vitest'
import { rfc3339, rfc3339Micro } from '../../src/environment/time.ts'
import { fc, property } from '../support/property.ts'

const moments = fc.array(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), {
  minLength: 1,
  maxLength: 20,
})

property('moments are written as Kubernetes writes them, whichever was written before', [moments], all => {
  for (const ms of all.flatMap(first => [first, Math.min(first + 1, 253_402_300_799_999), first])) {
    const text = new Date(ms).toISOString()
    expect(rfc3339Micro(ms)).toBe(text.replace('Z', '000Z'))
    expect(rfc3339(ms)).toBe(text.replace(/\.\d+Z/, 'Z'))
  }
})

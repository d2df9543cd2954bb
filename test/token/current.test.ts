import { assert, double, integer, nat, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Minted } from '../../src/api/status.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import type { Claims } from '../../src/token/claims.ts'
import { dueIn, isCurrent, nextExpiry } from '../../src/token/current.ts'
import { acceptance, type Acceptance } from '../../src/token/verify.ts'

const hour = 3_600_000
const createdAt = Date.UTC(2026, 0, 1)
const expiry = { createdAt, expiresAfter: 24 * hour, overlap: hour }
const at = (hours: number): number => createdAt + hours * hour
const claims = { namespace: 'shop', name: 'web-up', uid: 'u1', rotation: 2 }

describe('the next expiry', () => {
  test.each([
    ['at the creation', 0, 24],
    ['before the creation, by a clock that is behind', -30, 24],
    ['when more than the overlap is left', 22.9, 24],
    ['when just the overlap is left', 23, 48],
    ['after the first point', 24, 48],
    ['years later', 8765, 8784],
  ])('%s is a point of the grid', (_, now, point) => {
    expect(nextExpiry(expiry, at(now))).toBe(at(point))
  })

  test('is none when it is further off than a date can say', () => {
    expect(nextExpiry({ ...expiry, expiresAfter: 1e300 }, at(0))).toBeUndefined()
  })

  test('is on the grid, later than the overlap, and the first such point', () => {
    const ms = integer({ min: 1, max: 1e11 })
    assert(
      property(ms, ms, integer({ min: 0, max: 1e12 }), (expiresAfter, overlap, age) => {
        const now = createdAt + age
        const point = nextExpiry({ createdAt, expiresAfter, overlap }, now) ?? NaN
        expect((point - createdAt) % expiresAfter).toBe(0)
        expect(point - overlap).toBeGreaterThan(now)
        expect(point === createdAt + expiresAfter || point - expiresAfter - overlap <= now).toBe(true)
      }),
    )
  })
})

describe('a published token is current', () => {
  const plain = { uid: 'u1', rotation: 2 }
  const expiring = { ...plain, expiry }
  test.each<[string, Partial<Claims>, Parameters<typeof isCurrent>[1], number, boolean]>([
    ['with the uid and the rotation of the hook', {}, plain, 0, true],
    ['not with another uid', { uid: 'u2' }, plain, 0, false],
    ['not with a lower rotation', { rotation: 1 }, plain, 0, false],
    ['not with a higher rotation', { rotation: 3 }, plain, 0, false],
    ['not when it expires and should not', { expiresAt: at(24) }, plain, 0, false],
    ['not when it should expire and does not', {}, expiring, 0, false],
    ['while more than the overlap is left', { expiresAt: at(24) }, expiring, 22.9, true],
    ['not when just the overlap is left', { expiresAt: at(24) }, expiring, 23, false],
    ['not when it has expired', { expiresAt: at(24) }, expiring, 25, false],
    ['not off the grid', { expiresAt: at(25) }, expiring, 0, false],
    ['when a controller whose clock is ahead chose one point more', { expiresAt: at(48) }, expiring, 22.9, true],
    ['not when it lives two points too long', { expiresAt: at(72) }, expiring, 22.9, false],
    ['when its expiry would be out of sight', {}, { ...plain, expiry: { ...expiry, expiresAfter: 1e300 } }, 0, true],
  ])('%s', (_, changed, wanted, now, current) => {
    expect(isCurrent({ ...claims, ...changed }, wanted, at(now))).toBe(current)
  })

  test('from its minting until its successor is due, and the successor then differs', () => {
    const ms = integer({ min: 2, max: 1e10 })
    assert(
      property(ms, nat(1e11), double({ min: 0, max: 0.99, noNaN: true }), (expiresAfter, age, share) => {
        const grid = { createdAt, expiresAfter, overlap: Math.floor(expiresAfter * share) }
        const now = createdAt + age
        const expiresAt = nextExpiry(grid, now) ?? NaN
        const minted = { ...claims, expiresAt }
        const due = now + (dueIn(minted, grid.overlap, now) ?? NaN)
        expect(isCurrent(minted, { ...plain, expiry: grid }, now)).toBe(true)
        expect(isCurrent(minted, { ...plain, expiry: grid }, due - 1)).toBe(true)
        expect(isCurrent(minted, { ...plain, expiry: grid }, due)).toBe(false)
        expect(nextExpiry(grid, due)).toBe(expiresAt + expiresAfter)
      }),
    )
  })

  test('for ever when it does not expire', () => {
    expect(dueIn(claims, hour, at(0))).toBeUndefined()
  })
})

describe('a hook says to a verified token', () => {
  const id = 'abc'
  const minted2 = { id, rotation: 2 }
  const minted3 = { id, rotation: 3, previous: { rotation: 2, acceptedUntil: rfc3339(at(1)) } }
  test.each<[string, number, Minted | undefined, number, number, Acceptance, number?]>([
    ['of its rotation', 2, minted2, 5, 0, 'accepted'],
    ['of its rotation, before anything was minted', 2, undefined, 5, 0, 'accepted'],
    ['of its rotation, when the status is a step behind', 3, minted2, 5, 0, 'rotated', 1],
    ['of the rotation before, within the overlap', 3, minted3, 5, 0.99, 'accepted'],
    ['of the rotation before, when the overlap is over', 3, minted3, 5, 1, 'rotated'],
    ['of the rotation before, while nothing newer is published', 3, minted2, 5, 100, 'accepted'],
    ['of the rotation before, while nothing newer is published, without an overlap', 3, minted2, 0, 0, 'rotated'],
    ['of the rotation before, within the overlap, when the overlap has become 0', 3, minted3, 0, 0, 'rotated'],
    ['of two rotations before', 4, minted3, 5, 0, 'accepted'],
    ['of two rotations before, published by nobody', 4, minted3, 5, 0, 'rotated', 1],
    ['of a lower rotation, of which the status says nothing', 3, undefined, 5, 0, 'rotated'],
    ['of a higher rotation', 1, { id, rotation: 1 }, 5, 0, 'newer than known'],
  ])('%s: %#', (_, rotation, minted, overlapMs, now, answer, claimed = 2) => {
    const hook = { uid: 'u1', rotation, overlapMs, minted }
    expect(acceptance({ ...claims, rotation: claimed }, hook, at(now))).toBe(answer)
  })

  test('of another hook of its name that it must be looked at once more', () => {
    expect(acceptance(claims, { uid: 'u2', rotation: 2, overlapMs: 0 }, at(0))).toBe('newer than known')
  })
})

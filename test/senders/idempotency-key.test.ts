import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isKeyOfSender } from '../../src/senders/idempotency-key.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { notification } from '../support/alertmanager.ts'
import { fc, property } from '../support/property.ts'

const named = (value: string, json?: unknown) => deliveryOf({ headers: { 'idempotency-key': value }, json })

describe('the header Idempotency-Key', () => {
  it.each([
    ['a structured-field string', '"8e03978e-40d5"', '8e03978e-40d5'],
    ['one without its quotes', '8e03978e-40d5', '8e03978e-40d5'],
    ['one with escapes', String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ['one with parameters', '"a"; v=1', 'a'],
    ['blanks around it', '  "a"  ', 'a'],
    ['half a pair of quotes', '"a', '"a'],
    ['an escape that is none', String.raw`"a\b"`, String.raw`"a\b"`],
  ])('names a delivery once and for all: %s', (_name, value, key) => {
    expect(named(value).identity).toEqual({ key: `idempotency-key:${key}`, newsAt: 0, ofHeader: true })
  })

  it.each([
    ['nothing', ''],
    ['blanks', '  '],
    ['an empty string', '""'],
  ])('that holds %s names none', (_name, value) => {
    expect(named(value)).toEqual({ sender: 'plain', phase: 'none' })
  })

  it("wins over the sender's own name, and leaves the rest as it is", () => {
    const json = notification('firing', 'new alerts added')
    const { identity: own, ...rest } = deliveryOf({ headers: {}, json })
    expect(own).toBeDefined()
    expect(named('once', json)).toEqual({
      ...rest,
      identity: { key: 'idempotency-key:once', newsAt: 0, ofHeader: true },
    })
    expect(named('""', json).identity).toEqual(own)
  })

  it.each([10, 1000, 1009, 5000])(
    'is known as a key of the sender, and no other identity is: %i characters',
    length => {
      const identity = named('x'.repeat(length)).identity ?? { key: '' }
      expect(isKeyOfSender(identity)).toBe(true)
      expect(named(`${'x'.repeat(length - 1)}y`).identity?.key).not.toBe(identity.key)
      const { identity: own = { key: '' } } = deliveryOf({
        headers: {},
        json: notification('firing', 'new alerts added'),
      })
      expect(isKeyOfSender(own)).toBe(false)
    },
  )

  it('has the same name as in earlier versions if it is long, so that what they have stored is found', () => {
    const hash = createHash('sha256')
      .update(`idempotency-key:${'x'.repeat(1009)}`)
      .digest('base64url')
    expect(named('x'.repeat(1009)).identity?.key).toBe(`sha256:${hash}`)
  })

  property('distinguishes any two values, written as RFC 9651 says', [fc.string(), fc.string()], (a, b) => {
    const written = (text: string) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
    const key = (text: string) => named(written(text)).identity?.key
    expect(key(a) === key(b)).toBe(a === b)
  })

  property('is read without throwing, with any content', [fc.string()], value => {
    expect(named(value).phase).toBe('none')
  })
})

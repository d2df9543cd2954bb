import { expect, test } from 'vitest'
import { redacted } from '../../src/environment/redact.ts'
import { fc, property } from '../support/property.ts'

/** The same as an expression, which is plain to read and takes quadratic time. */
const compactJws = /eyJ[\w-]*\.[\w-]*\.[\w-]+/g

property(
  'what looks like a token is replaced, and nothing else',
  [
    fc
      .array(fc.constantFrom('eyJ', 'eyJa', '.', '..', '-', '_', 'a', ' ', '"', 'ey', 'J'))
      .map(parts => parts.join('')),
  ],
  text => {
    expect(redacted(text)).toBe(text.replaceAll(compactJws, '[token]'))
  },
)

test('a long line takes no longer for each character than a short one', () => {
  // The expression takes two minutes for it.
  const line = 'eyJ'.repeat(1_000_000)
  expect(redacted(line)).toBe(line)
  expect(redacted('eyJ.a.a'.repeat(300_000))).not.toContain('eyJ.a.a.')
})

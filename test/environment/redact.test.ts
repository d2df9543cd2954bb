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

test('the secret in the path of a hook is replaced, and the name in the path is not', () => {
  const secret = 'a-secret-of-thirty-two_characters'
  const url = `https://hooks.example.com/v1/hooks/shop/web.up-1/${secret}`
  expect(redacted(`"cannot convert '${url}?wait=1s' to int"`)).toBe(
    `"cannot convert 'https://hooks.example.com/v1/hooks/shop/web.up-1/[secret]?wait=1s' to int"`,
  )
  const others = ['https://hooks.example.com/v1/hooks/shop/web-up', '/v1/hooks/shop/web-up/SECRET', `/other/${secret}`]
  for (const text of others) expect(redacted(text)).toBe(text)
})

test('a long line takes no longer for each character than a short one', () => {
  // The expression takes two minutes for it.
  const line = 'eyJ'.repeat(1_000_000)
  expect(redacted(line)).toBe(line)
  expect(redacted('eyJ.a.a'.repeat(300_000))).not.toContain('eyJ.a.a.')
  const paths = `/v1/hooks/a/${'a'.repeat(1_000_000)}${'/v1/hooks/a'.repeat(300_000)}`
  expect(redacted(paths)).toBe(paths)
})

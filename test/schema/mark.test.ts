import { describe, expect, it } from 'vitest'
import { compareVersions, lastWordAfter, markText, parseMark, whoseCount } from '../../src/api/mark.ts'
import { fc, property } from '../support/property.ts'

const instance = '4f0c1b2a3d4e5f60'

describe('a mark', () => {
  it("says since when the count is the hooks', and what it was then", () => {
    const mark = { instance, number: '2a', lastWord: { since: '1234', word: 3 } }
    expect(markText(mark)).toBe(`receiver-hooks.${instance}.2a.1234.3`)
    expect(parseMark(markText(mark))).toEqual(mark)
  })

  property(
    'is read as it was written',
    [fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat()],
    (since, word, number) => {
      const mark = { instance, number: number.toString(36), lastWord: { since: String(since), word } }
      expect(parseMark(markText(mark))).toEqual(mark)
    },
  )

  it('is no longer than a field manager may be', () => {
    const number = Number.MAX_SAFE_INTEGER.toString(36)
    const lastWord = { since: String(2n ** 64n - 1n), word: -(2 ** 31) }
    expect(Buffer.byteLength(markText({ instance, number, lastWord }))).toBeLessThanOrEqual(128)
  })

  it('of an earlier version says neither', () => {
    expect(parseMark(`receiver-hooks.${instance}.2a`)).toEqual({ instance, number: '2a' })
  })

  it.each([
    'receiver-hooks.fence.1',
    'receiver-hooks.fence.1234',
    'receiver-hooks',
    'kubectl',
    '',
    `receiver-hooks.${instance}`,
  ])('is none of another writer, nor a fence: %s', text => {
    expect(parseMark(text)).toBeUndefined()
  })

  it('keeps what was said if it replaces a count of ours, and else says what it replaces', () => {
    const version = { count: 5, resourceVersion: '70' }
    expect(lastWordAfter(version)).toEqual({ since: '70', word: 5 })
    expect(lastWordAfter({ ...version, lastWord: { since: '60', word: 2 } })).toEqual({ since: '60', word: 2 })
  })
})

describe('whose a count is, for a change since version 60', () => {
  it.each([
    ['ours', 'hooks alone have written it since', { resourceVersion: '70', lastWord: { since: '60', word: 2 } }],
    ['theirs', 'somebody else has written it last', { resourceVersion: '70' }],
    [
      'theirs',
      'a hook has written it after somebody else',
      { resourceVersion: '70', lastWord: { since: '65', word: 2 } },
    ],
    ['outdated', 'it was read before the change, of somebody else', { resourceVersion: '60' }],
    [
      'outdated',
      'it was read before the change, of an earlier time',
      { resourceVersion: '59', lastWord: { since: '50', word: 2 } },
    ],
    // As text, 9 comes after 60.
    ['outdated', 'its version is a smaller number', { resourceVersion: '9' }],
  ] as const)('is %s: %s', (whose, _why, version) => {
    expect(whoseCount('60', version)).toBe(whose)
  })

  it('goes by numbers that are larger than a double holds', () => {
    expect(compareVersions('18446744073709551614', '18446744073709551615')).toBe(-1)
  })
})

import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/api/json.ts'
import { parseBody as parseMarked, withoutMark } from '../../../src/trigger/reading/message.ts'
import { fc, property } from '../../support/property.ts'

const parseBody = (body: Uint8Array, contentType?: string) => parseMarked(withoutMark(body), contentType)

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('a body', () => {
  it.each<[string, string, unknown]>([
    ['that is empty', '', undefined],
    ['that is white space', ' \n', undefined],
    ['that is an object', ' {"a":1}', { a: 1 }],
    ['that is a list', '[1]', [1]],
    ['that is text', 'scale up', undefined],
    ['that is a number', '5', undefined],
    ['with the byte order mark of UTF-8', '\uFEFF{"a":1}', { a: 1 }],
    ['that is empty but for the byte order mark', '\uFEFF', undefined],
    ['with brackets inside a string', JSON.stringify({ a: nested(500), b: '"[[' }), { a: nested(500), b: '"[[' }],
  ])('%s is read as what it is', (_name, text, json) => {
    expect(parseBody(bytes(text))).toEqual({ json })
  })

  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

  it.each<[string, Uint8Array, string?]>([
    ['that is cut short', bytes('{"status":"resolved","alerts":[')],
    ['that is cut short after its mark', bytes('\uFEFF{"status":"resolved"')],
    ['in UTF-16', utf16('{"a":1}')],
    ['in UTF-16 with its mark', utf16('\uFEFF{"a":1}')],
    ['in UTF-16, the other way around', utf16('{"a":1}').swap16()],
    ['in UTF-16, the other way around, with its mark', utf16('\uFEFF{"a":1}').swap16()],
    ['that is compressed, and does not say so', gzipSync('{"a":1}')],
    ['that is text, and is said to be JSON', bytes('scale up'), 'application/json'],
    ['that is a form, and is said to be JSON', bytes('payload=1'), 'application/cloudevents+json; charset=utf-8'],
  ])('%s is not taken for a post without one', (_name, body, contentType) => {
    expect(parseBody(body, contentType)).toBe('unreadable')
  })

  it.each(['', 'null', '"up"', '5', ' '])('of JSON may be no object: %j', text => {
    expect(parseBody(bytes(text), 'application/json')).toEqual({ json: undefined })
  })

  it('may be nested 64 deep, and no deeper', () => {
    expect(parseBody(bytes(nested(64)))).not.toBe('too deep')
    expect(parseBody(bytes(nested(65)))).toBe('too deep')
    expect(parseBody(bytes(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`))).toBe('too deep')
    expect(parseBody(bytes('['.repeat(500_000)))).toBe('too deep')
  })

  property('of any JSON object comes out as it went in', [fc.dictionary(fc.string(), fc.jsonValue())], value => {
    const text = JSON.stringify(value)
    expect(parseBody(bytes(text))).toEqual({ json: parseJson(text) })
  })

  property('of any bytes never throws', [fc.uint8Array({ maxLength: 200 })], body => {
    expect(() => parseBody(body)).not.toThrow()
  })
})

import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/api/json.ts'
import { parseBody } from '../../src/trigger/body.ts'
import { fc, property } from '../support/property.ts'

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
    ['that only begins like JSON', '{"a":', undefined],
    ['with brackets inside a string', JSON.stringify({ a: nested(500), b: '"[[' }), { a: nested(500), b: '"[[' }],
  ])('%s is read as what it is', (_name, text, json) => {
    expect(parseBody(bytes(text))).toEqual({ json })
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

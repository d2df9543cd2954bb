import { expect, test } from 'vitest'
import { JsonPicker } from '../../src/environment/json-picker.ts'
import { fc, property } from '../support/property.ts'

const identity = ['metadata.continue', 'items.*.metadata.name', 'items.*.metadata.generation', 'items.*.spec.ref.kind']

const pickedIn = (text: string, paths: readonly string[], partBytes = 7): Record<string, string> => {
  const picker = new JsonPicker(paths)
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += partBytes) picker.write(bytes.subarray(at, at + partBytes))
  return Object.fromEntries(picker.picked)
}

test('it takes the values at the paths, wherever they stand', () => {
  const fat = 'x'.repeat(10_000)
  const list = {
    items: [
      {
        metadata: { annotations: { fat, name: 'not this' }, generation: 7, labels: { name: 'nor this' }, name: 'web' },
        spec: { other: [[{ ref: { kind: 'Pod' } }], 'a"b\\'], ref: { kind: 'Deployment', kinds: ['x'] } },
      },
    ],
    metadata: { resourceVersion: '5', continue: 'more' },
  }
  expect(pickedIn(JSON.stringify(list), identity)).toEqual({
    'metadata.continue': 'more',
    'items.*.metadata.name': 'web',
    'items.*.metadata.generation': '7',
    'items.*.spec.ref.kind': 'Deployment',
  })
})

test('a long value is not taken, nor a null, nor what is no value', () => {
  const document = JSON.stringify(
    { long: 'x'.repeat(5000), none: null, object: {}, list: [], last: true },
    undefined,
    2,
  )
  expect(pickedIn(document, ['long', 'none', 'object', 'list', 'last'])).toEqual({ none: 'null', last: 'true' })
})

/** Returns what stands at a path by JSON.parse: the first of several. */
const valuesAt = (value: unknown, [name, ...rest]: readonly string[]): readonly unknown[] => {
  if (name === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return name === '*' ? value.flatMap(element => valuesAt(element, rest)) : []
  return Object.entries(value).flatMap(([key, member]) => (key === name && key !== '*' ? valuesAt(member, rest) : []))
}

const names = fc.constantFrom('a', 'b', 'items', 'metadata', 'name', 'ü"\\', '\u0001<')
const documents = fc.letrec<{ value: unknown; object: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(names, tie('value'), { maxKeys: 5 }),
})).object

property(
  'in any document, cut anywhere and written in any way, it finds what JSON.parse finds first',
  [
    documents,
    fc.array(fc.array(fc.oneof(names, fc.constant('*')), { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
    fc.integer({ min: 1, max: 50 }),
    fc.nat(3),
  ],
  (document, asked, partBytes, indent) => {
    const paths = asked.map(path => path.join('.'))
    const text = JSON.stringify(document, undefined, indent)
    const escaped = text.replaceAll(/[^ -~]/g, char =>
      [...Array(char.length).keys()].map(i => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
    )
    const expected = Object.fromEntries(
      asked.flatMap(path => {
        const first = valuesAt(document, path).find(value => typeof value !== 'object')
        return first === undefined ? [] : [[path.join('.'), typeof first === 'string' ? first : JSON.stringify(first)]]
      }),
    )
    expect(pickedIn(text, paths, partBytes)).toEqual(expected)
    if (indent === 0) expect(pickedIn(escaped, paths, partBytes)).toEqual(expected)
  },
)

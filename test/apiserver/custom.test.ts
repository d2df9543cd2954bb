import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { ask, crds, widget, widgetCrd, widgets, type Answer, type Asked } from './ask.ts'

const served = (spec: object, version: object = {}): Asked => {
  const asked = ask()
  expect(asked.post(crds, widgetCrd(spec, version)).status).toBe(201)
  return asked
}

const properties = (members: object, more: object = {}): object => ({ type: 'object', properties: members, ...more })

/** Returns the messages of what is wrong with a spec, as `field: message`. */
const wrong = ({ body }: Answer): string[] => {
  const causes = at(body, 'details', 'causes')
  return (Array.isArray(causes) ? causes : []).map(
    cause => `${String(at(cause, 'field'))}: ${String(at(cause, 'message'))}`,
  )
}

describe('a schema', () => {
  it.each<[string, object, unknown, string[]]>([
    [
      'a string that is a number',
      { type: 'string' },
      1,
      ['spec.x: Invalid value: "integer": spec.x in body must be of type string: "integer"'],
    ],
    [
      'an integer that has a fraction',
      { type: 'integer' },
      1.5,
      ['spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"'],
    ],
    ['a whole number where any will do', { type: 'number' }, 1, []],
    [
      'an object that is a list',
      { type: 'object', properties: {} },
      [],
      ['spec.x: Invalid value: "array": spec.x in body must be of type object: "array"'],
    ],
    [
      'a value out of the list',
      { type: 'string', enum: ['a', 'b'] },
      'c',
      ['spec.x: Unsupported value: "c": supported values: "a", "b"'],
    ],
    [
      'a number under the minimum',
      { type: 'integer', minimum: 1 },
      0,
      ['spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1'],
    ],
    [
      'a number over the maximum',
      { type: 'integer', maximum: 1 },
      2,
      ['spec.x: Invalid value: 2: spec.x in body should be less than or equal to 1'],
    ],
    ['a number at its bounds', { type: 'integer', minimum: 2, maximum: 2 }, 2, []],
    [
      'a string too short',
      { type: 'string', minLength: 2 },
      'a',
      ['spec.x: Invalid value: "a": spec.x in body should be at least 2 chars long'],
    ],
    ['a string too long', { type: 'string', maxLength: 1 }, 'ab', ['spec.x: Too long: may not be more than 1 bytes']],
    ['one character of two code units', { type: 'string', maxLength: 1 }, '\u{1F600}', []],
    [
      'a string of another pattern',
      { type: 'string', pattern: '^a+$' },
      'b',
      ['spec.x: Invalid value: "b": spec.x in body should match \'^a+$\''],
    ],
    [
      'a moment that is none',
      { type: 'string', format: 'date-time' },
      'now',
      ['spec.x: Invalid value: "now": spec.x in body must be of type date-time: "now"'],
    ],
    ['a moment', { type: 'string', format: 'date-time' }, '2026-01-01T00:00:00Z', []],
    [
      'too many entries',
      { type: 'array', maxItems: 1, items: { type: 'string' } },
      ['a', 'b'],
      ['spec.x: Too many: 2: must have at most 1 items'],
    ],
    [
      'a wrong entry',
      { type: 'array', items: { type: 'string' } },
      ['a', 1],
      ['spec.x[1]: Invalid value: "integer": spec.x[1] in body must be of type string: "integer"'],
    ],
    [
      'an entry twice in a set',
      { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      ['a', 'a'],
      ['spec.x[1]: Duplicate value: "a"'],
    ],
    [
      'a key twice in a map',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: properties({ k: { type: 'string' } }),
      },
      [{ k: 'a' }, { k: 'a' }],
      ['spec.x[1]: Duplicate value: {"k":"a"}'],
    ],
    ['a missing member', properties({ k: { type: 'string' } }, { required: ['k'] }), {}, ['spec.x.k: Required value']],
    [
      'a wrong value of any key',
      { type: 'object', additionalProperties: { type: 'string' } },
      { a: 1 },
      ['spec.x.a: Invalid value: "integer": spec.x.a in body must be of type string: "integer"'],
    ],
    ['a count where a count or share may be', { 'x-kubernetes-int-or-string': true }, 3, []],
    ['a share where a count or share may be', { 'x-kubernetes-int-or-string': true }, '3%', []],
    [
      'a flag where a count or share may be',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean"'],
    ],
    ['null where it may be', { type: 'string', nullable: true }, null, []],
    ['null where it may not be, which is as if absent', { type: 'string' }, null, []],
  ])('judges %s', (_, schema, x, expected) => {
    expect(wrong(served(properties({ x: schema })).post(widgets, widget('a', { x })))).toEqual(expected)
  })

  it('gathers all that is wrong in one answer', () => {
    const { post } = served(properties({ a: { type: 'string' }, b: { type: 'integer' } }, { required: ['c'] }))
    const answer = post(widgets, widget('w', { a: 1, b: 'x' }))
    expect(answer.status).toBe(422)
    expect(wrong(answer)).toHaveLength(3)
    expect(answer.body['message']).toMatch(/^Widget\.example\.dev "w" is invalid: \[.*\]$/)
  })

  it('fills defaults in, also inside those and in place of null', () => {
    const inner = properties({ deep: { type: 'integer', default: 7 } }, { default: {} })
    const { post } = served(properties({ inner, flag: { type: 'boolean', default: true } }))
    expect(post(widgets, widget('a', { flag: null })).body['spec']).toEqual({ inner: { deep: 7 }, flag: true })
  })

  it('prunes unknown members, and keeps those of x-kubernetes-preserve-unknown-fields', () => {
    const { post } = served(properties({ free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }))
    const { body, headers } = post(widgets, widget('a', { free: { x: 1 }, unknown: 1 }, { other: 1 }))
    expect(body).toMatchObject({ spec: { free: { x: 1 } } })
    expect(at(body, 'spec')).toEqual({ free: { x: 1 } })
    expect(body['other']).toBeUndefined()
    expect(headers['warning']).toBe('299 - "unknown field \\"other\\"", 299 - "unknown field \\"spec.unknown\\""')
  })

  it('under Strict refuses what it does not know, naming every place; in a patch with the patch', () => {
    const { post, patch } = served(properties({ list: { type: 'array', items: properties({}) } }))
    const strict = { fieldValidation: 'Strict' }
    expect(post(widgets, widget('a', { list: [{ y: 1 }], x: 1 }), strict)).toMatchObject({
      status: 400,
      body: {
        message:
          'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.list[0].y", unknown field "spec.x"',
      },
    })
    post(widgets, widget('a'))
    const { status, body } = patch(`${widgets}/a`, 'merge', { spec: { x: 1 } }, strict)
    expect([status, body['reason']]).toEqual([422, 'Invalid'])
    expect(body['message']).toMatch(/strict decoding error: unknown field "spec\.x"$/)
  })

  it('lets be what was stored before it became stricter, until that is changed', () => {
    const { post, put, patch, get } = served(properties({ x: { type: 'string' }, y: { type: 'string' } }))
    post(widgets, widget('a', { x: 'long' }))
    const crd = get(`${crds}/widgets.example.dev`).body
    const stricter = widgetCrd(properties({ x: { type: 'string', maxLength: 2 }, y: { type: 'string' } }))
    expect(put(`${crds}/widgets.example.dev`, { ...crd, spec: stricter.spec }).status).toBe(200)
    expect(patch(`${widgets}/a`, 'merge', { spec: { y: 'new' } }).status).toBe(200)
    expect(patch(`${widgets}/a`, 'merge', { spec: { x: 'longer' } }).status).toBe(422)
  })
})

describe('a rule', () => {
  const ruled = (x: object, ...rules: object[]): Asked =>
    served(properties({ x, y: { type: 'integer' } }, { 'x-kubernetes-validations': rules }))

  it.each<[string, object, object, string[]]>([
    [
      'on an object, at the member that it names',
      { rule: 'self.x <= self.y', fieldPath: '.x', message: 'x is over y' },
      { x: 2, y: 1 },
      ['spec.x: Invalid value: x is over y'],
    ],
    ['that holds', { rule: 'self.x <= self.y' }, { x: 1, y: 1 }, []],
    [
      'without a message, with itself',
      { rule: 'self.x <= self.y' },
      { x: 2, y: 1 },
      ['spec: Invalid value: failed rule: self.x <= self.y'],
    ],
    [
      'with the reason Required',
      { rule: '!has(self.x)', reason: 'FieldValueRequired', message: 'm' },
      { x: 1 },
      ['spec: Required value: m'],
    ],
    [
      'with the reason Forbidden',
      { rule: '!has(self.x)', reason: 'FieldValueForbidden', message: 'm' },
      { x: 1 },
      ['spec: Forbidden: m'],
    ],
    [
      'that cannot be judged',
      { rule: 'self.x < self.z' },
      { x: 1 },
      [expect.stringMatching(/^spec: Invalid value: rule evaluation error: /)],
    ],
    ['on whole numbers as int', { rule: 'type(self.x) == int && self.x + 1 == 2' }, { x: 1 }, []],
  ])('%s', (_, rule, spec, expected) => {
    expect(wrong(ruled({ type: 'integer' }, rule).post(widgets, widget('a', spec)))).toEqual(expected)
  })

  const stringRule = (rule: string) => ({ type: 'string', 'x-kubernetes-validations': [{ rule, message: 'no' }] })
  it.each<[string, string, boolean]>([
    ["self.matches('^([0-9]+(h|m|s|ms))+$')", '1h30m', true],
    ["self.matches('^([0-9]+(h|m|s|ms))+$')", '1d', false],
    ["duration(self) < duration('1h')", '59m', true],
    ["duration(self) < duration('1h')", '61m', false],
    ['size(self) < 3', 'ab', true],
    ["self.startsWith('a') && self.split('-').size() == 2", 'a-b', true],
    ["self in ['a', 'b']", 'c', false],
  ])('%s of "%s" is %s', (rule, x, holds) => {
    const { status, body } = ruled(stringRule(rule)).post(widgets, widget('a', { x }))
    expect([status, body['message'] ?? '']).toEqual(
      holds ? [201, ''] : [422, `Widget.example.dev "a" is invalid: spec.x: Invalid value: "${x}": no`],
    )
  })

  it('on the former value is judged only where there is one', () => {
    const rising = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'no' }] }
    const { post, patch } = ruled(rising)
    expect(post(widgets, widget('a')).status).toBe(201)
    expect(patch(`${widgets}/a`, 'merge', { spec: { x: 5 } }).status).toBe(200)
    expect(wrong(patch(`${widgets}/a`, 'merge', { spec: { x: 4 } }))).toEqual(['spec.x: Invalid value: 4: no'])
    expect(patch(`${widgets}/a`, 'merge', { spec: { x: 6 } }).status).toBe(200)
  })

  it('in a list map follows an entry by its key', () => {
    const entry = {
      ...properties({ k: { type: 'string' }, n: { type: 'integer' } }),
      'x-kubernetes-validations': [{ rule: 'self.n >= oldSelf.n', message: 'no' }],
    }
    const x = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: entry }
    const { post, patch } = ruled(x)
    post(
      widgets,
      widget('a', {
        x: [
          { k: 'a', n: 1 },
          { k: 'b', n: 5 },
        ],
      }),
    )
    expect(
      patch(`${widgets}/a`, 'merge', {
        spec: {
          x: [
            { k: 'b', n: 6 },
            { k: 'a', n: 1 },
          ],
        },
      }).status,
    ).toBe(200)
    expect(wrong(patch(`${widgets}/a`, 'merge', { spec: { x: [{ k: 'b', n: 5 }] } }))).toEqual([
      'spec.x[0]: Invalid value: no',
    ])
  })

  it('is not judged of a value of the wrong shape', () => {
    const answer = ruled({ type: 'integer' }, { rule: 'false', message: 'no' }).post(widgets, widget('a', { x: 'x' }))
    expect(wrong(answer)).toEqual([
      'spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"',
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ])
  })

  it('that is no CEL is refused with its CRD', () => {
    const spec = properties({}, { 'x-kubernetes-validations': [{ rule: 'self.' }] })
    const { status, body } = ask().post(crds, widgetCrd(spec))
    expect(status).toBe(422)
    expect(body['message']).toContain('x-kubernetes-validations[0].rule: Invalid value: "self.": compilation failed')
  })
})

describe('a custom resource definition', () => {
  it('is served at once, says so, and is found by discovery', () => {
    const { get, post } = served(properties({}))
    expect(at(get(`${crds}/widgets.example.dev`).body, 'status', 'conditions')).toMatchObject([
      { type: 'NamesAccepted', status: 'True' },
      { type: 'Established', status: 'True' },
    ])
    expect(get('/apis/example.dev/v1').body['resources']).toMatchObject([
      { name: 'widgets', kind: 'Widget', shortNames: ['wd'] },
      { name: 'widgets/status' },
    ])
    expect(post(widgets, widget('a')).status).toBe(201)
  })

  it('takes its objects with it', () => {
    const { get, post, remove } = served(properties({}))
    post(widgets, widget('a'))
    remove(`${crds}/widgets.example.dev`)
    expect(get('/apis/apps/v1').status).toBe(200)
    expect(post(crds, widgetCrd(properties({}))).status).toBe(201)
    expect(get(widgets).body['items']).toEqual([])
  })

  it('is refused under another name than its plural and group', () => {
    const { status, body } = ask().post(crds, { ...widgetCrd({}), metadata: { name: 'other' } })
    expect(status).toBe(422)
    expect(body['message']).toContain('must be spec.names.plural+"."+spec.group')
  })
})

describe('the status of a custom resource', () => {
  it('is neither created nor replaced with the object, and /status replaces it alone', () => {
    const { post, put, patch, get } = served(properties({ x: { type: 'integer' } }))
    const created = post(widgets, widget('a', { x: 1 }, { status: { n: 1 } })).body
    expect(created['status']).toBeUndefined()
    put(`${widgets}/a`, { ...created, spec: { x: 2 }, status: { n: 2 } })
    expect(get(`${widgets}/a`).body['status']).toBeUndefined()
    const labels = { a: 'b' }
    patch(`${widgets}/a/status`, 'merge', { metadata: { labels }, spec: { x: 9 }, status: { n: 3 } })
    const { body } = get(`${widgets}/a`)
    expect(body).toMatchObject({ spec: { x: 2 }, status: { n: 3 }, metadata: { generation: 2 } })
    expect(at(body, 'metadata', 'labels')).toBeUndefined()
  })
})

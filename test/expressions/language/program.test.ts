import { expect, onTestFinished, test, vi } from 'vitest'
import type { ExpressionVariables } from '../../../src/environment/environment.ts'
import { inlineExpressions } from '../../support/inline-expressions.ts'
import { compiler } from '../../../src/expressions/language/program.ts'
import { fc, property } from '../../support/property.ts'
import { delivery, text } from '../delivery.ts'

const judge = (expression: string, body?: unknown, variables: Partial<ExpressionVariables> = {}) =>
  compiler()(expression)(delivery(body, variables))

const push = { ref: 'refs/heads/main', repository: { full_name: 'shop/web', private: true }, commits: [{ id: 'a' }] }
const notification = {
  status: 'firing',
  alerts: [
    { status: 'firing', labels: { severity: 'critical' }, value: 3 },
    { status: 'resolved', labels: { severity: 'warning' }, value: 0.5 },
  ],
}

test.each([
  ["body.ref == 'refs/heads/main'", push, true],
  ["body.ref == 'refs/heads/next'", push, false],
  ["body.repository.full_name.startsWith('shop/') && body.repository.private", push, true],
  ['has(body.deleted) && body.deleted', push, false],
  ['size(body.commits) == 1 && body.commits[0].id == "a"', push, true],
  ["body.alerts.exists(a, a.labels.severity == 'critical')", notification, true],
  ["body.alerts.all(a, a.labels.severity == 'critical')", notification, false],
  ["body.alerts.filter(a, a.status == 'firing').size() == 1", notification, true],
  ["body.alerts.map(a, a.labels.severity).join(',') == 'critical,warning'", notification, true],
  ['body.alerts[0].value > 2', notification, true],
  ['body.alerts[0].value == 3', notification, true],
  ['body.alerts[0].value + 1.0 == 4.0', notification, true],
  ['int(body.alerts[1].value) == 0', notification, true],
  ["'status' in body && !('receiver' in body)", notification, true],
  ['body.exists(name, name == "status")', notification, true],
  ['body[1].x', [{}, { x: true }], true],
  ["body.name.lowerAscii().contains('web')", { name: 'THE WEB' }, true],
  ["body.name.matches('^v[0-9]+[.][0-9]+$')", { name: 'v1.20' }, true],
  ['timestamp(body.at).getHours() < 6', { at: '2026-01-01T05:00:00Z' }, true],
  ['body == null', undefined, true],
  ["body == {'a': [1, {'b': null}]}", { a: [1, { b: null }] }, true],
])('%s of %j gives %s', (expression, body, counts) => {
  expect(judge(expression, body)).toEqual({ counts })
})

test.each([
  ['timestamp(int(body)) == timestamp("2026-01-01T00:00:00Z")', 1_767_225_600],
  ['int(timestamp(int(body))) == 1767225600', 1_767_225_600],
  ['timestamp(int(body)) == timestamp("0001-01-01T00:00:00Z")', -62_135_596_800],
  ['int(body) == -12', '-12'],
  ['int(body) == 12', '+12'],
  ['uint(body) == 12u', '12'],
  ['double(body) == 1.5', '1.5'],
  ['double(body) == -1500.0', '-1.5e3'],
  ['double(body) > 1e308', 'Infinity'],
  ['double(body) < -1e308', '-inf'],
  ['double(body) != double(body)', 'NaN'],
  ['duration(body) == duration("90s")', '1m30s'],
])('a value is converted as CEL says: %s, with %j in the place of body', (expression, value) => {
  expect(judge(expression.replaceAll('body', 'body.v'), { v: value })).toEqual({ counts: true })
})

test.each([
  ...['', ' ', '5 ', '0x10', '0b11', 'many'].flatMap(text => [
    ['int', text],
    ['uint', text],
    ['double', text],
  ]),
  ['int', '1.5'],
  ['uint', '-1'],
  ['double', '1_000'],
  ['duration', ''],
])('what is no value of a type is not converted to it: %s(%j)', (name, value) => {
  const result = judge(`${name}(body.v) == ${name}(body.v)`, { v: value })
  expect(result).toHaveProperty('failed', expect.stringMatching(/^a value can't be converted/))
})

test.each(['int(body.v) == 0', 'double(body.v) > 0.0', 'timestamp(int(body.v)) > timestamp("2026-01-01T00:00:00Z")'])(
  'what is too large is not converted: %s',
  expression => {
    const v = expression.startsWith('timestamp') ? 253_402_300_800 : '9'.repeat(400)
    expect(judge(expression, { v })).toHaveProperty('failed', expect.stringMatching(/^a number is too large/))
  },
)

test('headers, query and sender can be read', () => {
  const expression = "headers['x-github-event'] == 'push' && query.env == 'prod' && sender == 'github'"
  const variables = { headers: { 'x-github-event': 'push' }, query: { env: 'prod' }, sender: 'github' }
  expect(judge(expression, push, variables)).toEqual({ counts: true })
  expect(judge(expression, push, { ...variables, query: { env: 'test' } })).toEqual({ counts: false })
})

test.each(['authorization', 'proxy-authorization', 'cookie', 'x-gitlab-token', 'x-api-key'])(
  'the header %s holds a secret, and no expression sees it',
  name => {
    expect(judge(`'${name}' in headers`, push, { headers: { [name]: 'secret' } })).toEqual({ counts: false })
  },
)

test.each([
  ['body.labels.severity == "x"', push, 'there is no "labels": test with has() first (line 1, column 5)'],
  ["true &&\n headers['x-event'] == 'push'", push, 'there is no "x-event": test with has() first (line 2, column 2)'],
  ['body[headers.name] == 1', push, 'there is no "name": test with has() first (line 1, column 13)'],
  ['body.commits[7].id == "a"', push, 'the index is past the end of the list (line 1, column 1)'],
  ['body.ref > 5', push, '> does not take (string, int) (line 1, column 10)'],
  [
    'body.value + 1 > 2',
    { value: 1 },
    '+ does not take (double, int): JSON numbers are doubles, write 1.0 (line 1, column 12)',
  ],
  ['body.ref && true', push, 'this must be true or false, but it is a string (line 1, column 1)'],
  ['body.ref.exists(x, true)', push, 'this must be a list or a map, but it is a string (line 1, column 9)'],
  ['1 / int(body.value) == 1', { value: 0 }, 'a division by zero'],
  ['int(body.ref) == 1', push, "a value can't be converted, or is not what the function takes (line 1, column 1)"],
  ['sender.matches(body.ref)', { ref: '(' }, 'the regular expression is not valid: use RE2 syntax (line 1, column 7)'],
  ['body.ref', push, 'it returns a string, but must return true or false'],
  ['body.nothing', { nothing: null }, 'it returns null, but must return true or false'],
  [
    'body.x == 1',
    undefined,
    'there is no "x": test with has() first (line 1, column 5); this delivery has no JSON body',
  ],
  ['body.x ==', push, "the expression does not compile: see the hook's conditions"],
])('%s of %j fails: %s', (expression, body, failed) => {
  expect(judge(expression, body)).toEqual({ failed })
})

test.each([
  ['body.constructor.name == "x"', '{"constructor": {"name": "x"}}'],
  ['body.a.constructor == null', '{"a": {"constructor": null}}'],
  ["body['$typeName'] == 'google.protobuf.Any'", '{"$typeName": "google.protobuf.Any", "typeUrl": "x"}'],
  ['body.__proto__.x == 1 && !has(body.x)', '{"__proto__": {"x": 1}}'],
  ['!has(body.toString) && !("valueOf" in body) && size(body) == 0', '{}'],
])('%s: a member is a member, even if its name means something to the evaluator', (expression, json) => {
  expect(compiler()(expression)({ ...delivery(), body: text(json) })).toEqual({ counts: true })
})

test.each([
  ['not JSON', '{"a":'],
  ['nested a million deep', '['.repeat(1_000_000)],
  ['nested a hundred thousand deep', '['.repeat(100_000) + ']'.repeat(100_000)],
])('a body that is %s is null', (_what, json) => {
  expect(compiler()('body == null')({ ...delivery(), body: text(json) })).toEqual({ counts: true })
})

/** Neither a number nor a time, so that each expression below fails. */
const secret = fc
  .string({ minLength: 8, maxLength: 20, unit: fc.constantFrom(...'QXZJ0123456789%*'.split('')) })
  .map(text => `Q${text}`)

property(
  'no failure repeats anything of the delivery',
  [
    secret,
    fc.constantFrom(
      'int(body.s) == 1',
      'bool(body.s)',
      'timestamp(body.s) == timestamp(body.s)',
      'duration(body.s) == duration(body.s)',
      'body[body.s] == 1',
      'body.l[body.s] == 1',
      'headers[headers.s] == "x"',
      'query[query.s] == "x"',
      '{"a": 1}[body.s] == 1',
      'sender.matches("(" + body.s)',
      'body.s + 1 == 1',
      'body.s',
      '[body.s].map(x, int(x)).size() == 1',
      '{body.s: 1, query.s: 2}.size() == 1',
      '"%d".format([body.s]) == "x"',
      'body.s.substring(1000) == "x"',
    ),
  ],
  (value, expression) => {
    const said = judge(expression, { s: value, l: [] }, { headers: { s: value }, query: { s: value } })
    expect(said).toHaveProperty('failed')
    expect(JSON.stringify(said)).not.toContain(value)
  },
)

test('a body is read only when the expression asks for it, and once', () => {
  const decode = vi.spyOn(TextDecoder.prototype, 'decode')
  onTestFinished(() => decode.mockRestore())
  expect(judge("sender == 'plain'", push)).toEqual({ counts: true })
  expect(decode).not.toHaveBeenCalled()
  expect(judge("has(body.ref) && body.ref != 'x'", push)).toEqual({ counts: true })
  expect(decode).toHaveBeenCalledTimes(1)
})

test('a regular expression that hangs others takes no time here', () => {
  expect(judge("body.x.matches('^(a+)+$')", { x: `${'a'.repeat(10_000)}!` })).toEqual({ counts: false })
  expect(judge("body.x.matches('(a|aa)*b')", { x: 'a'.repeat(10_000) })).toEqual({ counts: false })
})

test('in simulation an expression is judged in the same words, at once', async () => {
  const expressions = inlineExpressions()
  const asked = { namespace: 'shop', owner: 'a', variables: delivery(push), withinMs: 1 }
  expect(await expressions.evaluate({ ...asked, expression: 'has(body.ref)' })).toEqual({ counts: true })
  expect(await expressions.evaluate({ ...asked, expression: 'body.ref' })).toEqual(judge('body.ref', push))
})

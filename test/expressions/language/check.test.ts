import { expect, test } from 'vitest'
import { check, mistakeInWords } from '../../../src/expressions/language/check.ts'
import { fc, property } from '../../support/property.ts'

test.each([
  "body.ref == 'refs/heads/main'",
  "headers['x-github-event'] == 'push'",
  "query.env == 'prod'",
  "sender in ['github', 'gitlab']",
  'has(body.x)',
  '!has(body.x) || body.x',
  'body.enabled',
  'body[0].x == 1',
  "body.alerts.exists(alert, alert.labels.severity == 'critical')",
  'body.a.map(x, x.b).filter(x, x > 1).map(x, x + 1.0).size() > 1',
  'body.a.all(x, x.b.exists(y, y == 1))',
  "body.x.lowerAscii().startsWith('a')",
  "strings.quote(sender) == 'x'",
  "sender.matches('^git(hub|lab)$')",
  'type(body.x) == string',
  "timestamp(body.at) > timestamp('2026-01-01T00:00:00Z')",
  "duration('5m') > duration('1m')",
  "sender == 'github' ? body.x : has(body.y)",
  'size(query.n) > 5',
  "{'a': true}[sender]",
])('%s has no mistake', expression => {
  expect(check(expression)).toBeUndefined()
})

test.each([
  // What cannot be read
  ["body.ref = 'x'", '"=" is not expected here (line 1, column 10); compare two values with =='],
  ['body.ref ==', 'nothing follows == (line 1, column 10)'],
  ['body.ref +', 'nothing follows + (line 1, column 10)'],
  ['has(', 'nothing follows ( (line 1, column 4)'],
  ['body.a == )', '")" is not expected here (line 1, column 11)'],
  ['body.a == 1]', '"]" is not expected here (line 1, column 12)'],
  ['body.a == @', '"@" is not expected here (line 1, column 11)'],
  ['(body.x', 'it ends too early (line 1, column 8)'],
  ['', 'it ends too early (line 1, column 1)'],
  ['true and false', '"and" is not expected here (line 1, column 6); write && instead of and'],
  ['not body.x', '"body" is not expected here (line 1, column 5); write ! instead of not'],
  ['body.a == 1 && body.b == (2 3)', '"3" is not expected here (line 1, column 29)'],
  ['sender == ‘a’', '"‘" is not expected here (line 1, column 11); use straight quotes for strings'],
  ['body.?a', '"." is not expected here (line 1, column 5)'],
  // Names
  [
    "bodi.ref == 'x'",
    'there is no variable bodi: an expression has body, headers, query, sender (line 1, column 1); did you mean body?',
  ],
  [
    "header.x == 'y'",
    'there is no variable header: an expression has body, headers, query, sender (line 1, column 1); did you mean headers?',
  ],
  [
    "payload.x == 'y'",
    'there is no variable payload: an expression has body, headers, query, sender (line 1, column 1); did you mean body?',
  ],
  [
    '\n  body.a == 1 &&\n  boddy.b == 2',
    'there is no variable boddy: an expression has body, headers, query, sender (line 3, column 3); did you mean body?',
  ],
  [
    'body.a.all(x, x == 1) && x == 1',
    'there is no variable x: an expression has body, headers, query, sender (line 1, column 26)',
  ],
  // Functions and macros
  ["body.x.toLowerCase() == 'a'", 'there is no function toLowerCase (line 1, column 7); did you mean lowerAscii?'],
  ["body.x.startswith('a')", 'there is no function startswith (line 1, column 7); did you mean startsWith?'],
  ['has(body)', "has isn't written this way (line 1, column 1); write it as in has(body.member)"],
  [
    'cel.bind(x, 1, x == 1)',
    'there is no variable cel: an expression has body, headers, query, sender (line 1, column 1)',
  ],
  ['size() == 1', "size can't be called this way (line 1, column 1); write size(a) or x.size()"],
  ['Foo{a: 1} == 1', 'there is no type Foo to make (line 1, column 1)'],
  // Headers
  [
    "headers.x-github-event == 'push'",
    "- does not take a string and any value (line 1, column 10); write headers['x-github-event']",
  ],
  [
    "headers['X-GitHub-Event'] == 'push'",
    "header names are in lower case (line 1, column 9); write headers['x-github-event']",
  ],
  // Values that can never be right
  ['query.n > 5', '> does not take a string and an int (line 1, column 9)'],
  ["body == 'x'", 'a map or a list or null is never equal to a string (line 1, column 5)'],
  ['sender && true', '&& takes true or false, but this is a string (line 1, column 1)'],
  ['sender ? true : false', '?: takes true or false, but this is a string (line 1, column 1)'],
  ['sender.exists(x, true)', 'a string has no elements (line 1, column 7)'],
  ['sender.x == 1', 'a string has no member x (line 1, column 7)'],
  ['body.a.all(x, x.b.all(y, y.c.all(z, z)))', 'loops are nested more than 2 deep (line 1, column 29)'],
  // Results
  [
    'sender',
    "it returns a string, but must return true or false (line 1, column 1); compare it with something, as in sender == 'github'",
  ],
  [
    'body',
    "it returns a map or a list or null, but must return true or false (line 1, column 1); compare it with something, as in sender == 'github'",
  ],
  [
    'body.a.map(x, x)',
    "it returns a list, but must return true or false (line 1, column 1); compare it with something, as in sender == 'github'",
  ],
  [
    "sender == 'a' ? 1 : 2",
    "it returns an int, but must return true or false (line 1, column 1); compare it with something, as in sender == 'github'",
  ],
])('%s: %s', (expression, message) => {
  const mistake = check(expression)
  expect(mistake && mistakeInWords(mistake)).toBe(message)
})

test('a mistake has its offset, line and column', () => {
  expect(check('true &&\n bodi')).toMatchObject({ line: 2, column: 2, offset: 9 })
})

test.each([
  ['parentheses', `${'('.repeat(4000)}1`],
  ['lists', '['.repeat(4000)],
  ['a million signs', '!'.repeat(1_000_000)],
  ['loops', 'body.all(x, '.repeat(300)],
])('an expression of nothing but %s is refused, and nothing overflows', (_what, expression) => {
  expect(check(expression)).toBeDefined()
})

const words = [
  'body',
  '.x',
  'headers',
  "['a']",
  '(',
  ')',
  '[',
  ']',
  '==',
  '&&',
  '!',
  '-',
  "'",
  '"',
  '1',
  ' ',
  '\n',
  '.all(x, ',
  ',',
  '?',
  ':',
  '{',
  '}',
  'has(',
]

property(
  'any expression is judged, and a mistake lies inside of it',
  [fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 40 })],
  parts => {
    const expression = parts.join('')
    const mistake = check(expression)
    if (!mistake) return
    const { column, line, offset } = mistake
    expect(offset).toBeLessThanOrEqual(expression.length)
    expect(expression.split('\n')[line - 1]?.length).toBeGreaterThanOrEqual(column - 1)
  },
)

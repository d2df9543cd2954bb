import { describe, expect, it } from 'vitest'
import { withoutUnread } from '../../scripts/page.ts'

const schema = '/src/api/any-schema.ts'

describe('a file of the schema', () => {
  it.each([
    [
      'the text of a rule',
      "const a = { rule: 'self > 0', message: 'must be more' }",
      "const a = { message: 'must be more' }",
    ],
    ['a rule that is the last member', 'f({ message, rule: `a, ${b}` })', 'f({ message,  })'],
    [
      'a description beside a hint',
      "const a = { x: [{ description: 'long', hint: 'h' }] }",
      "const a = { x: [{ hint: 'h' }] }",
    ],
  ])('goes into the page without %s', (_what, code, left) => {
    expect(withoutUnread(code, schema)?.replaceAll(/\s+/g, ' ')).toBe(left.replaceAll(/\s+/g, ' '))
  })

  it.each([
    ['a description without a hint', "const a = { description: 'long' }"],
    ['a rule that is no rule of the schema', "const a: Rule = { rule: 'x' }"],
  ])('keeps %s', (_what, code) => {
    expect(withoutUnread(code, schema)).toBe(code)
  })
})

it('any other file goes into the page as it is', () => {
  expect(withoutUnread("const a = { rule: 'r', message: 'm' }", '/cli/snippets/ecr.ts')).toBeNull()
})

import { describe, expect, test } from 'vitest'
import { violations } from '../../src/api/guard.ts'
import { maxWhen, maxNestedBrackets, maxUnaryInARow, scanWhen, whenSchema } from '../../src/api/when.ts'
import { fc, property } from '../support/property.ts'

const wrong = (when: string): readonly string[] =>
  violations(whenSchema, when, 'spec.when').map(({ message }) => message)

const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}x${close.repeat(depth)}`

const tooDeep = ['must close every bracket, and nest brackets at most 16 deep']
const tooManyInARow = ['must have at most 4 of ! or - in a row']

describe('an expression', () => {
  test.each([
    ['(', ')'],
    ['[', ']'],
    ['{1: ', '}'],
    ['f(', ')'],
    ['!(', ')'],
    ['-(', ')'],
    ['a[', ']'],
    ['a.map(x, ', ')'],
    // Closed ones next to them make it no shallower.
    ['() + (', ')'],
    ['[1] + [', ']'],
  ])(`may nest %s %s ${maxNestedBrackets} deep, and no deeper`, (open, close) => {
    expect(wrong(nested(open, close, maxNestedBrackets))).toEqual([])
    expect(wrong(nested(open, close, maxNestedBrackets + 1))).toEqual(tooDeep)
  })

  test.each(['(', ')', '())(', '[(1)', 'x)', '(x', `${'()'.repeat(100)}(`])('must close its brackets: %s', when => {
    expect(wrong(when)).toEqual(tooDeep)
  })

  test.each(['!', '-'])(`may have %s ${maxUnaryInARow} times in a row, and no more`, operator => {
    expect(wrong(`${operator.repeat(maxUnaryInARow)}x`)).toEqual([])
    expect(wrong(`${operator.repeat(maxUnaryInARow + 1)}x`)).toEqual(tooManyInARow)
  })

  test(`may have ${maxWhen} characters, and no more`, () => {
    expect(wrong('x'.repeat(maxWhen))).toEqual([])
    expect(wrong('x'.repeat(maxWhen + 1))).toEqual(['must be at most 1024 characters long'])
  })

  const many = '('.repeat(40)
  const operators = '!'.repeat(9)
  test.each([
    `'${many}' == x`,
    `"${many}" == x`,
    `'''${many}''' == x`,
    `"""${many}""" == x`,
    `r'${many}' == x`,
    `b"${many}" == x`,
    `rb"${many}" == x`,
    `'it\\'s ${many}' == x`,
    `"\\"${many}" == x`,
    `"\\\\" + '${many}' == x`,
    `'''it's "${many}"''' == x`,
    `"""\\"""${many}""" == x`,
    `R"""${many}\\""" == x`,
    `r'\\' + '${many}' == x`,
    `x // ${many}\n == y`,
    `'${operators}' == x`,
    `x == // ${operators}\n y`,
    `x.matches(r"^[(\\[{]+$")`,
  ])('is not taken for nested where a text or a comment has brackets: %s', when => {
    expect(wrong(when)).toEqual([])
  })

  const depths = nested('(', ')', maxNestedBrackets + 1)
  test.each([
    `'//' + ${depths}`,
    `"'" + ${depths} + "'"`,
    `'"' + ${depths} + '"'`,
    `r'\\' + ${depths} + r'\\'`,
    `r"\\" + ${depths} + r"\\"`,
    `R'''\\''' + ${depths} + '''\\\\'''`,
    `'\\\\' + ${depths} + '\\\\'`,
    `"""x" """ + ${depths} + " " // "`,
    `'' + ${depths} + ''`,
    `x // '\n + ${depths} // '`,
    `"\\\\\\"" + ${depths} + "\\\\"`,
  ])('is taken for nested where brackets only seem to stand in a text: %s', when => {
    expect(wrong(when)).toEqual(tooDeep)
  })

  property(
    'is scanned for what it is, with any texts and comments between its brackets',
    [
      fc.integer({ min: 0, max: 24 }),
      fc.array(
        fc.constantFrom(
          `'('`,
          `")"`,
          `r'\\'`,
          `"\\""`,
          `'''(' '''`,
          `R""")""]"""`,
          '// (\n',
          `b'{'`,
          '[1]',
          '{}',
          'f(1)',
          '--x',
        ),
        { maxLength: 12 },
      ),
    ],
    (depth, between) => {
      const when = nested('(', ')', depth).replace('x', ` ${between.join(' + ')} `)
      const { closed, tooDeepAt } = scanWhen(when)
      expect(closed).toBe(true)
      const inside = between.some(part => ['[1]', '{}', 'f(1)'].includes(part)) ? 1 : 0
      expect(tooDeepAt !== undefined).toBe(depth + inside > maxNestedBrackets)
    },
  )
})

test('what a scan finds has a place', () => {
  expect(scanWhen(`'(' == ${nested('[', ']', 17)}`)).toEqual({ closed: true, tooDeepAt: 7 + 16 })
  expect(scanWhen(`x == !!!!!y`)).toEqual({ closed: true, runAt: 5 })
})

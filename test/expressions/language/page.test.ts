import { expect, test } from 'vitest'
import { check, mistakeInWords } from '../../../src/expressions/language/check.ts'
import { compiler } from '../../../src/expressions/language/program.ts'
import { textOf } from '../../deploy/manifests.ts'
import { delivery, text } from '../delivery.ts'

const page = textOf('docs/how-to/when-a-hook-acts.md#let-only-some-deliveries-count')

interface Example {
  readonly expression: string
  readonly counts: readonly string[]
  readonly skipped: readonly string[]
}

/** Each expression of the page with the bodies after it: those before "but not for", and those behind it. */
const examples = [...page.matchAll(/```cel\n([^]*?)```([^]*?)(?=```cel|\n#+ |\nBy header)/g)].map(
  ([, expression = '', after = '']): Example => {
    const [counts = '', skipped = ''] = after.split('but not for')
    return { expression, counts: bodiesIn(counts), skipped: bodiesIn(skipped) }
  },
)

function bodiesIn(part: string): string[] {
  return [...part.matchAll(/```json\n([^]*?)```/g)].map(([, body = '']) => body)
}

/** Returns the rows of a table after its head, with what stands in backquotes as it is meant. */
const rows = (head: string): [string, string][] => {
  const table = page.slice(page.indexOf(head)).split('\n\n')[0] ?? ''
  return table
    .split('\n')
    .slice(2)
    .map(line =>
      line.split(/(?<!\\)[|]/).map(cell =>
        cell
          .trim()
          .replaceAll('\\|', '|')
          .replace(/^`(.*)`$/, '$1'),
      ),
    )
    .map(([, first = '', second = '']) => [first, second])
}

/** The two tables of messages, in the order of the page. */
const [mistakes = [], failures = []] = page
  .split('| expression | message |')
  .slice(1)
  .map(part => rows(`| expression | message |${part}`))

test('the page has examples, and each has bodies for both', () => {
  expect(examples.length).toBeGreaterThan(3)
  expect(examples.filter(({ counts, skipped }) => counts.length === 0 || skipped.length === 0)).toEqual([])
  expect([mistakes.length, failures.length]).toEqual([3, 3])
})

test.each(examples)('on the page $expression distinguishes the bodies', ({ counts, expression, skipped }) => {
  const judge = (body: string) => compiler()(expression)({ ...delivery(), body: text(body) })
  expect(check(expression)).toBeUndefined()
  expect(counts.map(judge)).toEqual(counts.map(() => ({ counts: true })))
  expect(skipped.map(judge)).toEqual(skipped.map(() => ({ counts: false })))
})

test("the hook's own expression and those of the first table are in order", () => {
  const ofHook = /^ {2}when: (.*)$/m.exec(page)?.[1]
  const all = [ofHook, ...rows('| expression | counts for |').map(([expression]) => expression)]
  expect(all).toHaveLength(4)
  expect(all.map(expression => check(expression ?? ''))).toEqual(all.map(() => undefined))
})

test.each(mistakes)('%s is a mistake, in the words of the page', (expression, message) => {
  const mistake = check(expression)
  expect(mistake && mistakeInWords(mistake)).toBe(message)
})

test.each(failures)('%s fails, in the words of the page', (expression, message) => {
  const body = /```json failures\n([^]*?)```/.exec(page)?.[1] ?? ''
  expect(compiler()(expression)({ ...delivery(), body: text(body) })).toEqual({ failed: message })
})
